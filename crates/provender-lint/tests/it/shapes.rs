//! Dockerfiles of every shape, made from a seed: the same seed makes the same file.
//!
//! They are made of the parts that real ones have (stages, continuations with comments, heredocs, exec
//! forms, odd flags and blanks), among them bypasses of verification, so that fixes have something to do.

/// A generated Dockerfile.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// What it was made from.
    pub(crate) seed: u64,
    /// The file.
    pub(crate) text: String,
    /// Whether its builder would accept it.
    pub(crate) valid: bool,
}

/// As many shapes as asked for, always the same.
pub(crate) fn all(count: u64) -> impl Iterator<Item = Shape> {
    (0..count).map(shape)
}

/// The shape of a seed. Every eighth is broken in some way.
pub(crate) fn shape(seed: u64) -> Shape {
    let mut maker = Maker::new(seed);
    let valid = seed % 8 != 7;
    let text = maker.dockerfile(valid);
    Shape { seed, text, valid }
}

/// SplitMix64: small, and good enough to choose shapes.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Commands without blanks, each as its words.
const COMMANDS: &[&[&str]] = &[
    &["pip", "install", "--trusted-host", "pypi.example", "-r", "requirements.txt"],
    &["pip3", "install", "--no-cache-dir", "--trusted-host=pypi.example", "requests==2.32.3"],
    &["python3", "-m", "pip", "install", "-i", "http://pypi.example/simple", "flask"],
    &["pip", "config", "set", "global.trusted-host", "pypi.example"],
    &["uv", "pip", "install", "--allow-insecure-host", "pypi.example", "."],
    &["uv", "sync", "--frozen"],
    &["npm", "config", "set", "strict-ssl", "false"],
    &["npm", "ci", "--strict-ssl=false", "--no-audit"],
    &["yarn", "config", "set", "enableStrictSsl", "false"],
    &["curl", "-fsSLk", "https://files.example/a.tgz", "-o", "/tmp/a.tgz"],
    &["curl", "--insecure", "-O", "'https://files.example/b?c=d&e'"],
    &["wget", "--no-check-certificate", "-q", "\"https://files.example/é.tgz\""],
    &["git", "-c", "http.sslVerify=false", "clone", "https://git.example/x.git"],
    &["git", "config", "--global", "http.sslVerify", "false"],
    &["apt-get", "install", "-y", "--allow-unauthenticated", "ca-certificates"],
    &["apt-get", "-o", "Acquire::https::Verify-Peer=false", "update"],
    &["apk", "add", "--no-cache", "--allow-untrusted", "openssl"],
    &["echo", "'a \"b\" $C'", "\"d 'e' $F\"", "g\\ h", "$'i\\tj'"],
    &["echo", "${A:-b}", "$(date", "+%s)", "`uname", "-m`"],
    &["mkdir", "-p", "/srv/naïve/日本"],
    &["sed", "-i", "'s#a#b#g;/c/d'", "/etc/x.conf"],
    &["set", "-eux"],
    &["true"],
];

const ENVIRONMENT: &[&str] = &[
    "PIP_TRUSTED_HOST=pypi.example",
    "NODE_TLS_REJECT_UNAUTHORIZED=0",
    "GIT_SSL_NO_VERIFY=\"true\"",
    "PYTHONHTTPSVERIFY=0",
    "PATH=/opt/x/bin:$PATH",
    "GREETING='h i'",
    "EMPTY=",
    "QUOTED=\"a \\\"b\\\" c\"",
    "ESCAPED=a\\ b",
    "NAME=${GREETING:-none}",
    "ÜBER=ü",
];

struct Maker {
    random: Random,
    newline: &'static str,
    escape: &'static str,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let newline = if random.chance(15) { "\r\n" } else { "\n" };
        Self { random, newline, escape: "\\" }
    }

    fn dockerfile(&mut self, valid: bool) -> String {
        let mut text = String::new();
        if self.random.chance(5) {
            text.push('\u{feff}');
        }
        self.directives(&mut text);
        if self.random.chance(40) {
            self.line(&mut text, "ARG VERSION=3.12-slim OTHER");
        }
        let stages = 1 + self.random.below(3);
        let broken = (!valid).then(|| self.random.below(stages));
        for stage in 0..stages {
            self.from(&mut text, stage);
            for _ in 0..1 + self.random.below(7) {
                self.filling(&mut text);
                let instruction = self.instruction();
                self.line(&mut text, &instruction);
            }
            if broken == Some(stage) {
                let line = self.random.pick(BROKEN).replace('\n', self.newline);
                self.line(&mut text, &line);
            }
        }
        if self.random.chance(20) {
            text.truncate(text.trim_end().len());
        }
        text
    }

    fn line(&self, text: &mut String, line: &str) {
        text.push_str(line);
        text.push_str(self.newline);
    }

    fn directives(&mut self, text: &mut String) {
        if self.random.chance(30) {
            self.line(text, "# syntax=registry.example/dockerfile:1");
        }
        if self.random.chance(10) {
            self.escape = "`";
            self.line(text, "#escape = `");
        }
        if self.random.chance(10) {
            self.line(text, "");
        }
    }

    /// Comments and empty lines between instructions.
    fn filling(&mut self, text: &mut String) {
        match self.random.below(8) {
            0 => self.line(text, ""),
            1 => self.line(text, "# a comment, übrigens \\"),
            2 => self.line(text, "  \t"),
            3 => self.line(text, "   #indented"),
            _ => {}
        }
    }

    fn from(&mut self, text: &mut String, stage: usize) {
        let image = match self.random.below(6) {
            0 if stage > 0 => format!("stage{}", self.random.below(stage)),
            1 => "python:${VERSION:-3.12}".to_owned(),
            2 => "registry.example:5000/team/python:3.12@sha256:0123".to_owned(),
            3 => "scratch".to_owned(),
            _ => "python:$VERSION".to_owned(),
        };
        let flag = if self.random.chance(20) { "--platform=$BUILDPLATFORM " } else { "" };
        let keyword = self.random.pick(&["FROM", "FROM", "from", "From"]);
        let name = self.random.pick(&["AS", "as"]);
        self.line(text, &format!("{keyword} {flag}{image} {name} stage{stage}"));
    }

    fn instruction(&mut self) -> String {
        let body = match self.random.below(22) {
            0..=7 => self.run(),
            8 | 9 => self.run_heredoc(),
            10 => format!("RUN {}{}", self.flags(), self.exec()),
            11 | 12 => self.env(),
            13 => self.random.pick(&["ARG A", "ARG A=1 B", "ARG TOKEN=\"x y\""]).to_owned(),
            14 => self.copy(),
            15 => format!("LABEL a=b{}\"c.d\"=\"e f\"", self.blank()),
            16 => format!("ONBUILD {}", self.run()),
            17 => format!("CMD {}", self.exec()),
            18 => format!("ENTRYPOINT {}", self.command()),
            19 => self.health_check(),
            20 => {
                self.random.pick(&["USER app", "WORKDIR /srv/$A", "EXPOSE 80 443/tcp"]).to_owned()
            }
            _ => self
                .random
                .pick(&[
                    "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
                    "STOPSIGNAL SIGTERM",
                ])
                .to_owned(),
        };
        let indent = if self.random.chance(8) { self.random.pick(&[" ", "\t", "   "]) } else { "" };
        let body = if self.random.chance(10) { lower_keyword(&body) } else { body };
        format!("{indent}{body}")
    }

    /// Blanks between words, which may go on in the next line.
    fn blank(&mut self) -> String {
        let (escape, newline) = (self.escape, self.newline);
        match self.random.below(24) {
            0 => "  ".to_owned(),
            1 => "\t".to_owned(),
            2 | 3 => format!(" {escape}{newline}    "),
            4 => format!("{escape}{newline} "),
            5 => format!(" {escape}{newline}  # why, ja: é {escape}{newline}    "),
            6 => format!(" {escape} {newline}\t"),
            7 => format!(" {escape}{newline}#{newline}#x{newline}  "),
            8 if self.random.chance(30) => format!(" {escape}{newline}{newline}  "),
            _ => " ".to_owned(),
        }
    }

    fn words(&mut self, words: &[&str], blank: impl Fn(&mut Self) -> String) -> String {
        let mut text = String::new();
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                text.push_str(&blank(self));
            }
            text.push_str(word);
        }
        text
    }

    /// A command's words, which do not end in what continues a line.
    fn plain_command(&mut self) -> &'static [&'static str] {
        loop {
            let command = self.random.pick(COMMANDS);
            if self.escape != "`" || command.iter().all(|word| !word.contains('`')) {
                return command;
            }
        }
    }

    /// A command, perhaps with what may stand around one.
    fn command_with(&mut self, blank: impl Fn(&mut Self) -> String + Copy) -> String {
        let command = self.plain_command();
        let mut text = self.words(command, blank);
        match self.random.below(12) {
            0 => text = format!("{}{}{text}", self.random.pick(&["A=1", "B='x y'"]), blank(self)),
            1 => text = format!("sudo{}-E{}{text}", blank(self), blank(self)),
            2 => text = format!("env{}X=1{}{text}", blank(self), blank(self)),
            3 => text += self.random.pick(&[" >/dev/null 2>&1", " >>x", " 2>/dev/null", " <in"]),
            4 => text = format!("{text} | tee{}/tmp/log", blank(self)),
            5 => text = format!("({text})"),
            6 => text = format!("if {text}; then{}echo yes; fi", blank(self)),
            7 => text = format!("for x in a b; do {text}; done"),
            _ => {}
        }
        text
    }

    fn command(&mut self) -> String {
        self.command_with(Self::blank)
    }

    fn flags(&mut self) -> String {
        let mut text = String::new();
        while self.random.chance(15) {
            text += self.random.pick(&[
                "--mount=type=cache,target=/root/.cache",
                "--mount=type=secret,id=ca,target=/etc/ca.crt",
                "--network=none",
                "--security=sandbox",
            ]);
            text += &self.blank();
        }
        text
    }

    fn run(&mut self) -> String {
        let mut text = format!("RUN{}{}", self.blank(), self.flags());
        if self.random.chance(8) {
            let shell = self.random.pick(&["sh -c '", "bash -euo pipefail -c '", "eval '"]);
            return format!("{text}{shell}curl -k https://files.example && pip install x'");
        }
        for index in 0..1 + self.random.below(4) {
            if index > 0 {
                let sign = self.random.pick(&["&&", "&&", ";", "||"]);
                text = format!("{text}{}{sign}{}", self.blank(), self.blank());
            }
            text += &self.command();
        }
        if self.random.chance(5) {
            text += " # the rest of the line";
        }
        text
    }

    fn run_heredoc(&mut self) -> String {
        let newline = self.newline;
        let opening = self.random.pick(&[
            "<<EOF",
            "<<'EOF'",
            "<<-EOF",
            "bash -ex <<EOF",
            "cat <<EOF > /etc/pip.conf",
            "<<EOF cat -",
            "python3 <<EOF",
            "cat <<A 3<<EOF",
        ]);
        let mut text = format!("RUN {}{opening}{newline}", self.flags());
        if opening.contains("<<A") {
            text += &format!("first{newline}A{newline}");
        }
        if self.random.chance(20) {
            text += self.random.pick(&["#!/bin/sh", "#!/usr/bin/env python3"]);
            text += newline;
        }
        for _ in 0..self.random.below(4) {
            let script_blank = |maker: &mut Self| {
                if maker.random.chance(10) {
                    format!(" \\{}    ", maker.newline)
                } else {
                    " ".to_owned()
                }
            };
            let line = match self.random.below(5) {
                0 => "# RUN in a comment".to_owned(),
                1 => "[global]".to_owned(),
                _ => self.command_with(script_blank),
            };
            text = format!("{text}{line}{newline}");
        }
        text + if opening.contains('-') && self.random.chance(50) && opening.starts_with("<<-") {
            "\t\tEOF"
        } else {
            "EOF"
        }
    }

    fn exec(&mut self) -> String {
        let command = self.random.pick(COMMANDS);
        let words: Vec<String> = command
            .iter()
            .map(|word| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
            .collect();
        if self.random.chance(20) {
            return r#"["sh", "-c", "curl -k \"https://files.example/\u00e9\" && pip install x"]"#
                .to_owned();
        }
        let comma = self.random.pick(&[", ", ",", " ,  "]);
        let broken_line = format!(",{}{}  ", self.escape, self.newline);
        let comma = if self.random.chance(10) { broken_line.as_str() } else { comma };
        format!("[{}]", words.join(comma))
    }

    fn env(&mut self) -> String {
        if self.random.chance(20) {
            return "ENV PIP_TRUSTED_HOST pypi.example other.example".to_owned();
        }
        let mut text = "ENV".to_owned();
        for _ in 0..1 + self.random.below(3) {
            text += &self.blank();
            let pair = self.random.pick(ENVIRONMENT);
            text += &if self.escape == "`" { pair.replace('\\', "`") } else { pair.to_owned() };
        }
        text
    }

    fn copy(&mut self) -> String {
        let newline = self.newline;
        match self.random.below(4) {
            0 => "COPY --chown=1:1 --from=stage0 /a /b/".to_owned(),
            1 => "COPY [\"a b\", \"/c/\"]".to_owned(),
            2 => format!(
                "COPY <<pip.conf <<'x.sh' /etc/{newline}[global]{newline}pip.conf{newline}echo{newline}x.sh"
            ),
            _ => format!("ADD{}https://files.example/a.tgz{}/tmp/", self.blank(), self.blank()),
        }
    }

    fn health_check(&mut self) -> String {
        let body = if self.random.chance(30) { self.exec() } else { self.command() };
        let flags = if self.random.chance(50) { "--interval=5m --timeout=3s " } else { "" };
        if self.random.chance(20) {
            return "HEALTHCHECK NONE".to_owned();
        }
        format!("HEALTHCHECK {flags}CMD {body}")
    }
}

/// Instructions that a builder refuses, or takes for something else than was meant.
const BROKEN: &[&str] = &[
    "RUN echo \"unterminated",
    "RUN echo 'unterminated \\\n && pip install x",
    "RUN cat <<EOF\nnever ends",
    "RUN <<EOF <<FOE\nEOF\n",
    "RUN [\"curl\", \"-k\"",
    "RUN ['curl', '-k']",
    "CMD [\"a\", 1]",
    "FETCH x",
    "RUN",
    "ENV A",
    "ENV A=\"b",
    "ENV A=1 B",
    "ONBUILD ONBUILD RUN x",
    "FROM a b",
    "RUN if true; then echo",
    "RUN echo $(curl -k https://files.example",
    "RUN echo ${A",
    "RUN ) && (curl -k x",
    "RUN --mount='type=cache echo",
    "HEALTHCHECK curl x",
    "SHELL bash",
    "\\",
    "RUN a \\",
    "\u{0}\u{1}",
    "LABEL \u{1f600}",
    "RUN echo \u{a0}\u{2028}x \\\u{a0}",
];

fn lower_keyword(body: &str) -> String {
    let end = body.find(|character: char| !character.is_ascii_uppercase()).unwrap_or(body.len());
    body[..end].to_ascii_lowercase() + &body[end..]
}
