"""The suite that every store must pass: a test for each sentence of `afterword.stores.store`.

Whoever writes a store makes a test class of it and adds two fixtures, `make` (a `Make`: another process on the same jobs, of a
store that is empty at first) and `kill` (a `Kill`). Both may use the fixture `clock`, the store's only source of time:

    class TestMyStore(StoreContract):
        @pytest.fixture
        def make(self, clock: FalseClock) -> Iterator[Make]: ...

        @pytest.fixture
        def kill(self) -> Kill: ...
"""

from afterword.testing.contract.adding import Adding
from afterword.testing.contract.bench import Kill, Make
from afterword.testing.contract.changing import Changing
from afterword.testing.contract.claiming import Claiming
from afterword.testing.contract.following import Following
from afterword.testing.contract.handing import Handing
from afterword.testing.contract.keeping import Keeping
from afterword.testing.contract.living import Living
from afterword.testing.contract.reading import Reading
from afterword.testing.contract.releasing import Releasing
from afterword.testing.contract.rescuing import Rescuing
from afterword.testing.contract.settling import Settling
from afterword.testing.contract.unique import Unique
from afterword.testing.contract.waking import Waking

__all__ = ["Kill", "Make", "StoreContract"]


class StoreContract(
    Adding,
    Unique,
    Releasing,
    Following,
    Claiming,
    Settling,
    Handing,
    Rescuing,
    Changing,
    Reading,
    Keeping,
    Living,
    Waking,
):
    """Every promise of a store."""
