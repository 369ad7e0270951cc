"""The web application."""

from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request, UploadFile, status
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.database import Database, User
from app.orders import InvalidOrders, read_orders
from app.security import create_token, hash_password, read_token, verify_password
from app.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    database = Database(settings.database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        database.try_create_tables()
        yield

    app = FastAPI(
        title="Trading backend",
        servers=[{"url": settings.api_base_url}],
        lifespan=lifespan,
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[settings.frontend_url],
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization"],
    )

    DbSession = Annotated[Session, Depends(database.session)]
    Token = Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="login"))]

    def current_user(token: Token) -> str:
        name = read_token(token, settings.secret_key)
        if name is None:
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "the token is not valid")
        return name

    @app.exception_handler(OperationalError)
    def no_database(_: Request, __: OperationalError) -> JSONResponse:
        return JSONResponse({"detail": "the database does not answer"}, status_code=503)

    @app.get("/health")
    def health() -> dict:
        """Whether the process serves. It asks nothing of the database."""
        return {
            "status": "ok",
            "environment": settings.environment,
            "live_trading": settings.live_trading,
            "use_crypto_proxy": settings.use_crypto_proxy,
        }

    @app.post("/users", status_code=201)
    def register(
        name: Annotated[str, Form()],
        password: Annotated[str, Form()],
        session: DbSession,
    ) -> dict:
        session.add(User(name=name, password_hash=hash_password(password)))
        try:
            session.commit()
        except IntegrityError as error:
            raise HTTPException(
                status.HTTP_409_CONFLICT, "the name is taken"
            ) from error
        return {"name": name}

    @app.post("/login")
    def login(
        form: Annotated[OAuth2PasswordRequestForm, Depends()], session: DbSession
    ) -> dict:
        user = session.scalar(select(User).where(User.name == form.username))
        if user is None or not verify_password(form.password, user.password_hash):
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong name or password")
        return {
            "access_token": create_token(user.name, settings.secret_key),
            "token_type": "bearer",
        }

    @app.post("/uploads")
    def upload(file: UploadFile, user: Annotated[str, Depends(current_user)]) -> dict:
        """Reads a CSV file of orders and says what it would place."""
        try:
            orders = read_orders(file.file.read())
        except InvalidOrders as error:
            raise HTTPException(status.HTTP_400_BAD_REQUEST, str(error)) from error
        return {"user": user, "live": settings.live_trading, "orders": orders}

    return app


app = create_app(Settings())
