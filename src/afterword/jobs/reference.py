"""What whoever adds a job is given."""


class Reference:
    """A job that was added, or will be when its request commits.

    `id` is that of the job that stands. A task with a unique key may find that an earlier job stands already: then `id` becomes
    that one's as soon as the request has committed (for what is added after the response began: at the latest with the end of
    the request). Before, it is the id that a new job would get.
    """

    __slots__ = ("_id",)

    def __init__(self, id: str) -> None:
        self._id = id

    @property
    def id(self) -> str:
        return self._id

    def stand(self, id: str) -> None:
        """The store says which job stands."""
        self._id = id

    def __repr__(self) -> str:
        return f"Reference(id={self._id!r})"
