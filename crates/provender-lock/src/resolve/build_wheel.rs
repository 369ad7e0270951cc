//! One build: from an sdist file to a wheel, with what the lock says and nothing else.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;

use provender_core::{Diagnostic, LockedProject, Version};
use tokio::sync::OnceCell;
use uv_configuration::{BuildKind, BuildOutput, NoSources};
use uv_distribution_filename::WheelFilename;
use uv_python::Interpreter;
use uv_types::{BuildContext as _, BuildStack};

use super::context::{Context, Setup, Variables};
use super::sdist::{self, SourceTree};
use super::workshop::{BuildRules, Workshop};
use super::{build_error, build_pins, client, error, python, target};
use crate::failure::LockFailure;
use crate::inputs::{self, Inputs};
use crate::request::{LockRequest, Observer};

/// What is to be built.
pub(crate) struct Order {
    /// The project, with the hashes of its files.
    pub(crate) project: LockedProject,
    /// Its sdist.
    pub(crate) sdist: PathBuf,
    /// What may be installed for the build; where there is nothing, whatever the sdist asks for.
    pub(crate) requirements: Vec<LockedProject>,
    /// The folder that the wheel goes to.
    pub(crate) into: PathBuf,
}

impl Order {
    /// How messages call it.
    pub(crate) fn what(&self) -> String {
        match &self.project.version {
            Some(version) => format!("{}=={version}", self.project.name),
            None => self.project.name.to_string(),
        }
    }
}

/// Builds the wheel; returns its path.
pub(crate) async fn build(
    request: &LockRequest,
    target: &provender_core::Target,
    order: &Order,
    observer: &Arc<dyn Observer>,
) -> Result<PathBuf, LockFailure> {
    let what = order.what();
    if !request.builds {
        let message = format!("{what} has to be built, and builds are forbidden");
        return Err(LockFailure::no_answer(
            Diagnostic::error("build/forbidden", message)
                .hint("allow builds (without --no-build), or choose a version with a wheel"),
        ));
    }
    let inputs = if request.inputs.is_empty() { Inputs::default() } else { inputs::read(request)? };
    let cache = client::open_cache(request).await?;
    let source = sdist::unpack(&order.sdist, &order.project, &cache)
        .await
        .map_err(|error| build_error::sdist(&error, &what))?;
    let here = python::is_here(request);
    let python = if here { python::find(Some(target.python), cache.clone()).await } else { None };
    let Some(python) = python else {
        let message = format!("{what} has to be built, and no Python here runs");
        return Err(LockFailure::no_answer(
            Diagnostic::error("build/no-python", message)
                .hint(format!("install Python {}, which the lock is for", target.python)),
        ));
    };
    let found = python.python_version().clone();
    let environment =
        target::environment(target).map_err(|error| error::failure(error.as_ref(), request))?;
    let requirements = build_pins::of(&order.requirements, &order.project.name);
    let build_rules = BuildRules {
        constraints: build_pins::limits(requirements.iter().copied()),
        hashes: build_pins::required(requirements.iter().copied()),
        variables: variables(&source, request),
        sources: NoSources::All,
    };
    let workshop = Workshop::open(
        request,
        &inputs,
        &environment,
        cache,
        OnceCell::from(Some::<Interpreter>(python)),
        build_rules,
        observer.clone(),
    )
    .await?;
    let context = workshop.context();
    let (folder, filename) = run(&context, &source, order)
        .await
        .map_err(|failure| build_error::build(failure, request, order, context.refusal()))?;
    let wheel = checked(&filename, order, target, &found)?;
    let destination = order.into.join(&wheel);
    put(&folder.path().join(&wheel), &destination)
        .map_err(|error| build_error::cannot_write(&order.into, &error))?;
    Ok(destination)
}

/// Gives a finished file its name; under that name there is all of it or nothing.
fn put(file: &Path, destination: &Path) -> std::io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    std::fs::rename(file, destination)
}

/// Runs the build into a folder beside the wheel's final place.
async fn run(
    context: &Context<'_>,
    source: &SourceTree,
    order: &Order,
) -> Result<(tempfile::TempDir, String), build_error::Failure> {
    let cannot_write = |error| build_error::Failure::Folder(order.into.clone(), error);
    std::fs::create_dir_all(&order.into).map_err(cannot_write)?;
    let folder =
        tempfile::Builder::new().prefix(".build-").tempdir_in(&order.into).map_err(cannot_write)?;
    let what = order.what();
    let build = context
        .set_up(Setup {
            source: &source.root,
            subdirectory: None,
            install_path: &source.root,
            stop_discovery_at: None,
            version_id: Some(&what),
            name: Some(&order.project.name),
            version: order.project.version.as_ref(),
            sources: context.sources(),
            build_kind: BuildKind::Wheel,
            build_output: BuildOutput::Debug,
            build_stack: BuildStack::default(),
        })
        .await?;
    let filename = build.build(folder.path()).await?;
    Ok((folder, filename))
}

/// What a build finds in its environment, so that two builds give the same wheel and nothing of
/// this machine's Python gets in.
fn variables(source: &SourceTree, request: &LockRequest) -> Variables {
    let root = std::fs::canonicalize(&source.root).unwrap_or_else(|_| source.root.clone());
    let flags = ["CFLAGS", "CXXFLAGS"]
        .into_iter()
        .filter_map(|name| Some((name, compiler_flags(request.variables.get(name), &root)?)));
    let variables = [
        // https://reproducible-builds.org/specs/source-date-epoch/
        ("SOURCE_DATE_EPOCH", source.epoch.to_string()),
        ("PYTHONHASHSEED", "0".to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("PYTHONNOUSERSITE", "1".to_owned()),
        ("PYTHONPATH", String::new()),
        // A setup.py that starts pip gets nothing that is not locked.
        ("PIP_NO_INDEX", "1".to_owned()),
    ];
    let variables = variables.into_iter().chain(flags);
    variables.map(|(name, value)| (name.into(), value.into())).collect()
}

/// The user's flags, and one that keeps the folder of the build, which is another one each time,
/// out of the debug information; none where a compiler would not understand that one.
fn compiler_flags(given: Option<&String>, root: &Path) -> Option<String> {
    let root = root.to_str().filter(|root| cfg!(unix) && !root.contains([' ', '\'', '"', '=']))?;
    let given = given.map(|flags| format!("{flags} ")).unwrap_or_default();
    Some(format!("{given}-fdebug-prefix-map={root}=."))
}

/// The wheel's name, if it is the project's and installs on the target.
fn checked(
    filename: &str,
    order: &Order,
    target: &provender_core::Target,
    python: &Version,
) -> Result<String, LockFailure> {
    let what = order.what();
    let plain = Path::new(filename).file_name().is_some_and(|name| name == filename);
    let wheel = WheelFilename::from_str(filename).ok().filter(|_| plain);
    let version = order.project.version.as_ref();
    let ours = wheel.filter(|wheel| {
        wheel.name == order.project.name && version.is_none_or(|version| wheel.version == *version)
    });
    let Some(wheel) = ours else {
        let message = format!("the build of {what} gave `{filename}`, which is no wheel of it");
        return Err(LockFailure::no_answer(
            Diagnostic::error("build/wrong-wheel", message)
                .hint("the sdist is not what its name says: choose another version"),
        ));
    };
    let tags =
        target::all_tags(target).map_err(|error| build_error::internal(&error, "the target"))?;
    if !tags.is_empty() && !tags.iter().any(|tags| wheel.is_compatible(tags)) {
        let message = format!("the build of {what} gave {filename}, which does not fit {target}");
        return Err(LockFailure::no_answer(
            Diagnostic::error("build/wrong-target", message)
                .because(format!("it was built with Python {python} on this machine"))
                .hint(format!(
                    "build it on a machine of the target that has Python {}",
                    target.python
                )),
        ));
    }
    Ok(filename.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_keeps_the_users_flags_and_forgets_the_folder() {
        let flags = |given: Option<&str>, root: &str| {
            compiler_flags(given.map(str::to_owned).as_ref(), Path::new(root))
        };
        assert_eq!(flags(None, "/t/a").unwrap(), "-fdebug-prefix-map=/t/a=.");
        assert_eq!(flags(Some("-O2"), "/t/a").unwrap(), "-O2 -fdebug-prefix-map=/t/a=.");
        assert_eq!(flags(Some("-O2"), "/t a"), None);
    }
}
