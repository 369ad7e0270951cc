use super::*;
use crate::service::python::with;

fn found(text: &str) -> Vec<(String, DefaultValue)> {
    with("app/settings.py", text, |module| {
        let found = fields(std::slice::from_ref(module)).into_iter();
        found.map(|found| (found.variable, found.default)).collect()
    })
}

fn of_fields(body: &str) -> Vec<(String, DefaultValue)> {
    found(&format!(
        "from typing import Annotated, ClassVar\nfrom pydantic import Field, AliasChoices\n\
         from pydantic_settings import BaseSettings, SettingsConfigDict\n\
         class Settings(BaseSettings):\n    {body}\n"
    ))
}

fn literal(value: &str) -> DefaultValue {
    DefaultValue::Literal(value.to_owned())
}

#[test]
fn a_field_is_read_from_a_variable() {
    for (body, name, default) in [
        ("database_url: str = 'x'", "DATABASE_URL", literal("x")),
        ("debug: bool = False", "DEBUG", literal("false")),
        ("port: int", "PORT", DefaultValue::Required),
        ("port: int | None = None", "PORT", DefaultValue::Unset),
        ("port: int = Field(8000, ge=1)", "PORT", literal("8000")),
        ("port: int = Field(default=8000)", "PORT", literal("8000")),
        ("port: int = Field(...)", "PORT", DefaultValue::Required),
        ("key: str = Field(default_factory=f)", "KEY", DefaultValue::Computed),
        ("a: str = Field('x', alias='B')", "B", literal("x")),
        ("a: str = Field('x', validation_alias=AliasChoices('B', 'C'))", "B", literal("x")),
        ("a: str = Field('x', env='b')", "B", literal("x")),
        ("a: Annotated[str, Field(alias='B')] = 'x'", "B", literal("x")),
        ("a: Annotated[str, Field(default='x')]", "A", literal("x")),
        (
            "model_config = SettingsConfigDict(env_prefix='APP_')\n    a: str = 'x'",
            "APP_A",
            literal("x"),
        ),
        ("model_config = {'env_prefix': 'APP_'}\n    a: str = 'x'", "APP_A", literal("x")),
        ("class Config:\n        env_prefix = 'app_'\n    a: str = 'x'", "APP_A", literal("x")),
        (
            "model_config = SettingsConfigDict(case_sensitive=True)\n    a: str = 'x'",
            "a",
            literal("x"),
        ),
        (
            "model_config = SettingsConfigDict(env_prefix='P_')\n    a: str = Field(alias='B')",
            "B",
            DefaultValue::Required,
        ),
    ] {
        assert_eq!(of_fields(body), [(name.to_owned(), default)], "{body}");
    }
}

#[test]
fn what_is_no_field_or_has_no_known_name_is_left_out() {
    for body in [
        "a: ClassVar[str] = 'x'",
        "_a: str = 'x'",
        "a = 'x'",
        "a: str = Field(alias=NAME)",
        "model_config = SettingsConfigDict(env_prefix=PREFIX)\n    a: str = 'x'",
        "def a(self) -> str: return 'x'",
    ] {
        assert_eq!(of_fields(body), [], "{body}");
    }
    assert_eq!(
        found("from pydantic import BaseModel\nclass A(BaseModel):\n    a: str = 'x'\n"),
        []
    );
}

#[test]
fn a_class_has_the_fields_of_those_it_derives_from() {
    let text = "import pydantic_settings as p\n\
                class Base(p.BaseSettings):\n    a: str = '1'\n    b: str = '2'\n\
                class Settings(Base, env_prefix='S_'):\n    b: str = '3'\n    c: str\n";
    assert_eq!(
        found(text),
        [
            ("S_B".to_owned(), literal("3")),
            ("S_C".to_owned(), DefaultValue::Required),
            ("S_A".to_owned(), literal("1")),
        ]
    );
}

#[test]
fn classes_that_derive_from_each_other_end() {
    let text = "class A(B):\n    a: int = 1\nclass B(A):\n    b: int = 1\n";
    assert_eq!(found(text), []);
}

#[test]
fn a_secret_type_is_a_secret() {
    let text = "from pydantic import SecretStr\nfrom pydantic_settings import BaseSettings\n\
                class S(BaseSettings):\n    pepper: SecretStr = SecretStr('x')\n    salt: str = 'x'\n";
    with("s.py", text, |module| {
        let found = fields(std::slice::from_ref(module));
        let secret: Vec<bool> =
            found.iter().map(|found| found.field("s.py").setting.secret).collect();
        assert_eq!(secret, [true, false]);
    });
}
