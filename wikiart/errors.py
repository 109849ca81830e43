"""Errors whose messages are for the user: what is wrong, with the file or folder, and what to do."""


class DataError(ValueError):
    """The images cannot be used as they are."""


class TooManyUnreadable(DataError):
    """More images are unreadable than the caller allows.

    Attributes
    ----------
    problem : str
        Number of unreadable images, of all images and the folder, in one line.
    share : float
        Share of unreadable images (0..1), rounded up to whole percents: allowing it is enough.
    listing : str
        The images with the reasons, a line for each.
    """

    def __init__(self, problem: str, share: float, listing: str):
        super().__init__(problem, share, listing)  # all of them: an exception is pickled by its arguments
        self.problem, self.share, self.listing = problem, share, listing

    def __str__(self) -> str:
        return f"{self.problem}: replace them\n{self.listing}"


class CacheError(DataError):
    """The cache folder cannot be read or written."""

    full = False  #: whether the reason is a disk, or a user's quota of it, without space
