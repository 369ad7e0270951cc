//! Having sources compiled.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rayon::prelude::*;

use super::{BytecodeError, Compiler};
use crate::layer::{Content, Entry, EntryKind};

/// The program that Python is given.
const PROGRAM: &str = include_str!("compile.py");

/// How many sources one Python compiles; others work beside it.
const AT_ONCE: usize = 100;

/// The longest source that is compiled, in bytes.
const MAX_SOURCE: u64 = 16 << 20;

/// The longest bytecode that is taken, in bytes.
const MAX_BYTECODE: usize = 256 << 20;

impl Compiler {
    /// The bytecode files of these entries: root's, mode 0644. Sources that this Python does not
    /// compile, such as templates and those for other versions, have none, nor has what has one already.
    ///
    /// # Errors
    ///
    /// Python cannot be run or ends before its time; a source is not what was promised.
    pub fn compile<'e>(
        &self,
        entries: impl Iterator<Item = &'e Entry> + Clone,
    ) -> Result<Vec<Entry>, BytecodeError> {
        let there: BTreeSet<&str> = entries.clone().map(|entry| entry.path.as_str()).collect();
        let sources = entries.filter_map(|entry| {
            let EntryKind::File(content) = &entry.kind else { return None };
            let path = self.path(&entry.path).filter(|path| !there.contains(path.as_str()))?;
            (content.size() <= MAX_SOURCE).then_some(Source { entry, content, path })
        });
        let sources: Vec<Source<'_>> = sources.collect();
        let compiled = sources.par_chunks(AT_ONCE).map(|sources| self.compile_some(sources));
        let compiled: Vec<Vec<Entry>> = compiled.collect::<Result<_, _>>()?;
        Ok(compiled.into_iter().flatten().collect())
    }

    /// Has one Python compile these.
    fn compile_some(&self, sources: &[Source<'_>]) -> Result<Vec<Entry>, BytecodeError> {
        let mut compiled = Vec::new();
        let mut running = None;
        for Source { entry, content, path } in sources {
            let mut source = Vec::new();
            content.read(&entry.path, |piece| {
                source.extend_from_slice(piece);
                Ok(())
            })?;
            let failed = |source| BytecodeError::Failed {
                program: self.program.clone(),
                path: format!("/{}", entry.path),
                source,
            };
            let running = match &mut running {
                Some(running) => running,
                none => none.insert(Running::start(self).map_err(failed)?),
            };
            let bytes = running.ask(&format!("/{}", entry.path), &source).map_err(failed)?;
            if !bytes.is_empty() {
                let kind = EntryKind::File(Content::Bytes(bytes));
                compiled.push(Entry { path: path.clone(), kind, mode: 0o644, uid: 0, gid: 0 });
            }
        }
        Ok(compiled)
    }
}

/// A source, and where its bytecode goes.
struct Source<'e> {
    entry: &'e Entry,
    content: &'e Content,
    path: String,
}

/// A Python at work. It ends when its questions do.
struct Running {
    child: Child,
    questions: Option<ChildStdin>,
    answers: ChildStdout,
}

impl Running {
    fn start(compiler: &Compiler) -> io::Result<Self> {
        let mut command = Command::new(&compiler.program);
        // Neither the working folder nor the user's modules; only what is set here decides.
        command.args(["-s", "-S", "-P", "-W", "ignore", "-c", PROGRAM]);
        command.env_clear().env("PYTHONHASHSEED", "0").env("PYTHONUTF8", "1").current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let questions = child.stdin.take();
        let answers = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, questions, answers })
    }

    fn ask(&mut self, path: &str, source: &[u8]) -> io::Result<Vec<u8>> {
        let questions = self.questions.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        for part in [path.as_bytes(), source] {
            let length = u32::try_from(part.len()).map_err(io::Error::other)?;
            questions.write_all(&length.to_le_bytes())?;
            questions.write_all(part)?;
        }
        questions.flush()?;
        let mut length = [0; 4];
        self.answers.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_BYTECODE {
            return Err(io::Error::other("its answer is longer than any bytecode"));
        }
        let mut bytes = vec![0; length];
        self.answers.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.questions.take());
        // Nothing is left to ask, or nobody waits for what it would say.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
