"""Settings, read from environment variables of the same names in upper case."""

import secrets

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str = "postgresql://trader:traderpass@db:5432/atp"
    live_trading: bool = False
    use_crypto_proxy: bool = False
    environment: str = "local"
    api_base_url: str = "http://localhost:8002"
    frontend_url: str = "http://localhost:3000"
    # Without one, tokens are valid until the process ends.
    secret_key: str = Field(default_factory=lambda: secrets.token_urlsafe(32))
