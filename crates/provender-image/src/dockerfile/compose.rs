//! `compose.yaml`: the service with as little power as it needs (compose-spec).

use std::time::Duration;

use super::{
    Facts, HEALTH_INTERVAL, HEALTH_RETRIES, HEALTH_START_PERIOD, HEALTH_TIMEOUT, health_command,
    quote,
};
use crate::service::{PYTHON, Postgresql};

/// Where PostgreSQL listens in its own container.
const POSTGRESQL_PORT: u16 = 5432;

/// What the database's password is given by.
const PASSWORD: &str = "${POSTGRES_PASSWORD:?set it in .env}";

pub(super) fn render(facts: &Facts<'_>) -> String {
    let database = facts.database();
    let mut text = "\
# The service and what it needs, on one machine: `cp .env.example .env`, fill it in, `docker compose up --build`.
services:
"
    .to_owned();
    text.push_str(&service(facts, database.as_ref()));
    if let Some(database) = &database {
        text.push_str(&postgresql(database));
    }
    text.push_str("\nnetworks:\n  front:\n");
    if database.is_some() {
        text.push_str("  # What is on no other network reaches nothing outside.\n  back:\n    internal: true\n");
        text.push_str("\nvolumes:\n  database:\n");
    }
    text
}

impl Facts<'_> {
    /// The database as it is reached among the services.
    pub(super) fn database(&self) -> Option<Postgresql> {
        let named = self.service.postgresql.clone();
        let needed = named.or_else(|| self.lock.has_postgresql().then(Postgresql::default))?;
        Some(Postgresql { port: POSTGRESQL_PORT, ..needed })
    }
}

fn service(facts: &Facts<'_>, database: Option<&Postgresql>) -> String {
    let runtime = &facts.runtime;
    // The database has the name that the service knows it by.
    let name =
        if database.is_some_and(|database| database.host == "app") { "service" } else { "app" };
    let mut text = format!(
        "  {name}:
    image: {image}
    build:
      context: .
      # Taken from where the build is started: the index, and a proxy on the way to it.
      args:
        PIP_INDEX_URL:
        HTTPS_PROXY:
        NO_PROXY:
      # In a network whose proxy inspects TLS, with its CA and the public roots as ca-bundle.pem in that folder:
      # additional_contexts:
      #   provender-ca: ./provender-ca
    env_file: .env
",
        image = quote::yaml(facts.tag()),
    );
    text.push_str(&environment(database));
    text.push_str(&format!(
        "    user: \"{user}\"
    read_only: true
    tmpfs:
      - /tmp:size=64m,mode=1777,noexec,nosuid,nodev
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
",
        user = runtime.user,
    ));
    text.push_str(&limits("1.0", "512M", 256));
    text.push_str("    restart: unless-stopped\n    stop_grace_period: 10s\n");
    if let Some(port) = runtime.port {
        text.push_str(&format!(
            "    # On this machine only; a proxy that ends TLS stands before it.\n    \
             ports:\n      - \"127.0.0.1:{port}:{port}\"\n"
        ));
    }
    if let (Some(port), Some(path)) = (runtime.port, &runtime.health_path) {
        let mut test = vec!["CMD".to_owned()];
        test.extend(health_command(port, path, PYTHON));
        text.push_str(&health(&test, runtime.health_interval, HEALTH_START_PERIOD));
    }
    text.push_str("    networks:\n      - front\n");
    if let Some(database) = database {
        text.push_str(&format!(
            "      - back\n    depends_on:\n      {}:\n        condition: service_healthy\n",
            database.host
        ));
    }
    text
}

/// How the service finds the database.
fn environment(database: Option<&Postgresql>) -> String {
    let Some(database) = database else { return String::new() };
    let address = match &database.setting {
        Some(setting) => format!("      {setting}: {}\n", database.url(PASSWORD)),
        None => format!(
            "      PGHOST: {}\n      PGUSER: {}\n      PGDATABASE: {}\n      PGPASSWORD: {PASSWORD}\n",
            quote::yaml(&database.host),
            quote::yaml(&database.user),
            quote::yaml(&database.database),
        ),
    };
    format!("    environment:\n{address}")
}

fn postgresql(database: &Postgresql) -> String {
    let Postgresql { host, user, database, .. } = database;
    let test = ["CMD", "pg_isready", "--username", user, "--dbname", database].map(str::to_owned);
    format!(
        "
  {host}:
    image: ${{POSTGRES_IMAGE:?set it in .env}}
    environment:
      POSTGRES_USER: {user}
      POSTGRES_DB: {database}
      POSTGRES_PASSWORD: {PASSWORD}
    volumes:
      - database:/var/lib/postgresql/data
    read_only: true
    tmpfs:
      - /tmp:size=64m,mode=1777,noexec,nosuid,nodev
      - /run/postgresql:size=1m,mode=1777,noexec,nosuid,nodev
    # It starts as root, takes over its folder and becomes its own user.
    cap_drop:
      - ALL
    cap_add:
      - CHOWN
      - DAC_READ_SEARCH
      - FOWNER
      - SETGID
      - SETUID
    security_opt:
      - no-new-privileges:true
    shm_size: 128m
{limits}    restart: unless-stopped
{health}    networks:
      - back
",
        user = quote::yaml(user),
        database = quote::yaml(database),
        limits = limits("1.0", "1G", 512),
        health = health(&test, HEALTH_INTERVAL, Duration::from_secs(60)),
    )
}

fn limits(cpus: &str, memory: &str, pids: u32) -> String {
    format!(
        "    deploy:
      resources:
        limits:
          cpus: \"{cpus}\"
          memory: {memory}
          pids: {pids}
"
    )
}

/// A health check: its program, the time from one to the next, and how long failures do not count
/// after the start.
fn health(test: &[String], interval: Duration, start: Duration) -> String {
    let mut text = "    healthcheck:\n      test:\n".to_owned();
    for word in test {
        text.push_str(&format!("        - {}\n", quote::yaml(word)));
    }
    text.push_str(&format!(
        "      interval: {}s\n      timeout: {}s\n      start_period: {}s\n      retries: {HEALTH_RETRIES}\n",
        interval.as_secs(),
        HEALTH_TIMEOUT.as_secs(),
        start.as_secs(),
    ));
    text
}
