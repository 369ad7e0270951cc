import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings

ORDERS = b"symbol,side,quantity\nabc,buy,1.5\n"


@pytest.fixture
def client(tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'test.db'}")
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def token(client):
    form = {"name": "ada", "password": "secret"}
    assert client.post("/users", data=form).status_code == 201
    assert client.post("/users", data=form).status_code == 409
    answer = client.post("/login", data={"username": "ada", "password": "secret"})
    return answer.json()["access_token"]


def test_a_wrong_password_is_refused(client, token):
    answer = client.post("/login", data={"username": "ada", "password": "guess"})
    assert answer.status_code == 401


def test_an_upload_needs_a_token(client):
    assert client.post("/uploads", files={"file": ORDERS}).status_code == 401


def test_an_upload_is_read(client, token):
    answer = client.post(
        "/uploads", files={"file": ORDERS}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json() == {
        "user": "ada",
        "live": False,
        "orders": [{"symbol": "ABC", "side": "buy", "quantity": "1.5"}],
    }


def test_a_malformed_upload_names_the_line(client, token):
    answer = client.post(
        "/uploads",
        files={"file": b"symbol,side,quantity\nabc,hold,1\n"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 400
    assert "line 2" in answer.json()["detail"]
