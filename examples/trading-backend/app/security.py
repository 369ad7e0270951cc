"""Passwords and tokens."""

from datetime import datetime, timedelta, timezone

from jose import JWTError, jwt
from passlib.context import CryptContext

ALGORITHM = "HS256"
LIFETIME = timedelta(minutes=30)

# passlib drives bcrypt only up to version 4. This scheme needs no other library.
_passwords = CryptContext(schemes=["pbkdf2_sha256"])


def hash_password(password: str) -> str:
    return _passwords.hash(password)


def verify_password(password: str, password_hash: str) -> bool:
    return _passwords.verify(password, password_hash)


def create_token(name: str, secret_key: str) -> str:
    claims = {"sub": name, "exp": datetime.now(timezone.utc) + LIFETIME}
    return jwt.encode(claims, secret_key, algorithm=ALGORITHM)


def read_token(token: str, secret_key: str) -> str | None:
    """The user's name, or None if the token is not valid (any more)."""
    try:
        return jwt.decode(token, secret_key, algorithms=[ALGORITHM]).get("sub")
    except JWTError:
        return None
