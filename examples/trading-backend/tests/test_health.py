from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings

# Nothing listens on port 1.
UNREACHABLE = "postgresql://trader:traderpass@127.0.0.1:1/atp"


def test_health_needs_no_database():
    with TestClient(create_app(Settings(database_url=UNREACHABLE))) as client:
        answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "environment": "local",
        "live_trading": False,
        "use_crypto_proxy": False,
    }


def test_what_needs_the_database_says_that_it_is_missing():
    with TestClient(create_app(Settings(database_url=UNREACHABLE))) as client:
        answer = client.post("/login", data={"username": "ada", "password": "secret"})
    assert answer.status_code == 503


def test_defaults(monkeypatch):
    for name in ("DATABASE_URL", "API_BASE_URL", "FRONTEND_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert settings.database_url == "postgresql://trader:traderpass@db:5432/atp"
    assert settings.api_base_url == "http://localhost:8002"
    assert settings.frontend_url == "http://localhost:3000"
