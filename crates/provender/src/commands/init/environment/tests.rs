use super::*;

fn found(source: &str) -> Vec<(String, DefaultValue)> {
    let variables = variables(&python::lines(source));
    variables.into_iter().map(|variable| (variable.name, variable.default)).collect()
}

fn names(source: &str) -> Vec<String> {
    found(source).into_iter().map(|(name, _)| name).collect()
}

fn literal(value: &str) -> DefaultValue {
    DefaultValue::Literal(value.to_owned())
}

#[test]
fn reads_of_the_environment_are_found_with_their_defaults() {
    for (source, default) in [
        ("a = os.environ['X']", DefaultValue::None),
        ("if os.environ['X'] == 'y': pass", DefaultValue::None),
        ("a = os.environ.get('X')", DefaultValue::None),
        ("a = os.environ.get('X', None)", DefaultValue::None),
        ("a = int(os.environ.get('X', '80'))", literal("80")),
        ("a = os.getenv(\n  'X',\n  'y' 'z',\n)", literal("yz")),
        ("a = os.getenv('X', default='y')", literal("y")),
        ("a = os.getenv('X', -1)", literal("-1")),
        ("a = os.getenv('X', str(80))", DefaultValue::Computed),
        ("a = os.getenv('X', f'{b}')", DefaultValue::Computed),
        ("a = os.getenv('X') or 'y'", DefaultValue::None),
        ("from os import environ\na = environ['X']", DefaultValue::None),
        ("from os import path, getenv\na = getenv('X')", DefaultValue::None),
    ] {
        assert_eq!(found(source), [("X".to_owned(), default)], "{source}");
    }
}

#[test]
fn what_is_no_read_of_a_known_variable_is_not_found() {
    for source in [
        "os.environ['X'] = 'y'",
        "del os.environ['X']",
        "os.environ.setdefault('X', 'y')",
        "os.environ[name]",
        "os.getenv(f'{name}')",
        "os.getenv('X' + name)",
        "os.getenv(b'X')",
        "# os.environ['X']",
        "'''os.environ['X']'''",
        "a = \"os.environ['X']\"",
        "request.environ['REQUEST_METHOD']",
        "def app(environ, start): environ['PATH_INFO']",
        "mock.os.environ['X']",
        "os.environ['not a name']",
        "os.environ['PATH']",
    ] {
        assert_eq!(names(source), [] as [&str; 0], "{source}");
    }
}

#[test]
fn the_fields_of_a_settings_class_are_variables() {
    let source = r#"
from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    """os.environ["NOT_THIS"]"""

    model_config = SettingsConfigDict(env_prefix="APP_")
    kind: ClassVar[str] = "none"
    _hidden: str = "x"
    needed: str
    host: str = "localhost"
    live: bool = False
    port: int = Field(8000, ge=1)
    token: SecretStr = SecretStr("s3cret")
    made: str = Field(default_factory=lambda: os.getenv("INNER", "x"))
    other: str = Field(..., alias="OTHER_NAME")
    several: str = Field("x", validation_alias=AliasChoices("A", "B"))
    annotated: Annotated[str, Field(alias="C")] = "x"
    deep: dict[str, int] = Field(default={"a": 1})

    def url(self) -> str:
        inner: str = "no field"
        return f"{self.host}"

after: str = "no field"
"#;
    let expected = [
        ("APP_NEEDED", DefaultValue::None),
        ("APP_HOST", literal("localhost")),
        ("APP_LIVE", literal("false")),
        ("APP_PORT", literal("8000")),
        ("APP_TOKEN", DefaultValue::Computed),
        ("APP_MADE", DefaultValue::Computed),
        ("OTHER_NAME", DefaultValue::None),
        ("APP_DEEP", DefaultValue::Computed),
        ("INNER", literal("x")),
    ];
    let expected = expected.map(|(name, default)| (name.to_owned(), default));
    assert_eq!(found(source), expected);
}

#[test]
fn a_class_whose_names_are_computed_gives_none() {
    let source =
        "class S(BaseSettings):\n    class Config:\n        env_prefix = PREFIX\n    a: str\n";
    assert_eq!(names(source), [] as [&str; 0]);
    let source =
        "class S(BaseSettings):\n    class Config:\n        env_prefix = 'a_'\n    b: str\n";
    assert_eq!(names(source), ["A_B"]);
    let source = "class S(BaseSettings):\n  model_config = C(case_sensitive=True)\n  b: str\n";
    assert_eq!(names(source), ["b"]);
}
