"""The database: one table of users."""

import logging
from collections.abc import Iterator

from sqlalchemy import String, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

log = logging.getLogger(__name__)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))


class Database:
    """Connects when first used, so that the service starts before its database does."""

    def __init__(self, url: str) -> None:
        target = _with_driver(make_url(url))
        arguments = (
            {"connect_timeout": 3} if target.get_backend_name() == "postgresql" else {}
        )
        self._engine = create_engine(target, connect_args=arguments, pool_pre_ping=True)
        self._has_tables = False

    def try_create_tables(self) -> None:
        """Creates missing tables; a database that does not answer is left for later."""
        try:
            self._create_tables()
        except OperationalError:
            log.warning(
                "the database does not answer yet; tables are created at the first use"
            )

    def session(self) -> Iterator[Session]:
        self._create_tables()
        with Session(self._engine) as session:
            yield session

    def _create_tables(self) -> None:
        if not self._has_tables:
            Base.metadata.create_all(self._engine)
            self._has_tables = True


def _with_driver(url: URL) -> URL:
    # SQLAlchemy 2.0 takes psycopg2 for a bare `postgresql://`, 2.1 takes psycopg 3.
    return (
        url.set(drivername="postgresql+psycopg2")
        if url.drivername == "postgresql"
        else url
    )
