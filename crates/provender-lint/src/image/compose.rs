//! A compose file's services as rules ask about them.

use std::path::PathBuf;

use crate::facts::{Setting, Value};
use crate::settings::compose::{self, Build};
use crate::source::File;

use super::{folder, tidy};

/// A service of a compose file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service<'a> {
    /// The file.
    pub(crate) file: &'a File,
    /// What the file says of it.
    pub(crate) model: &'a compose::Service,
}

/// The services of a compose file, in its order; none of another file.
pub(crate) fn services(file: &File) -> impl Iterator<Item = Service<'_>> {
    let services = file.compose.iter().flat_map(|compose| &compose.services);
    services.map(move |model| Service { file, model })
}

impl<'a> Service<'a> {
    /// Its name.
    pub(crate) fn name(&self) -> &'a str {
        &self.model.name.text
    }

    /// The settings at this key and below it, as the service itself writes them.
    pub(crate) fn settings(
        &self,
        key: &'static str,
    ) -> impl Iterator<Item = &'a Setting> + use<'a> {
        let name = self.name();
        self.file.facts.settings.iter().filter(move |setting| {
            matches!(setting.path.as_slice(), [services, service, first, ..]
                if services == "services" && service == name && first == key)
        })
    }

    /// The values of the settings at this key and below it.
    pub(crate) fn values(&self, key: &'static str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.settings(key).flat_map(|setting| &setting.values)
    }

    /// The stage that its build makes; none means the last one.
    pub(crate) fn target(&self) -> Option<&'a str> {
        self.model.build.as_ref()?.target.as_ref().map(|target| target.text.as_str())
    }

    /// Whether it says how its health is asked for.
    pub(crate) fn is_checked(&self) -> bool {
        self.model.healthcheck.is_some()
    }

    /// The folder that its build is given; none where it is built from nothing, a URL or a
    /// variable.
    pub(crate) fn context(&self) -> Option<PathBuf> {
        let build = self.model.build.as_ref()?;
        let context = build.context.as_ref().map_or(".", |context| context.text.as_str());
        let foreign =
            context.contains("://") || context.contains('$') || context.starts_with("git@");
        (!foreign).then(|| tidy(&folder(&self.file.path).join(context)))
    }

    /// The Dockerfile that it is built from; where none is named, what the builders look for.
    pub(crate) fn dockerfiles(&self) -> Vec<PathBuf> {
        let (Some(context), Some(build)) = (self.context(), &self.model.build) else {
            return Vec::new();
        };
        match build {
            Build { dockerfile_inline: Some(_), .. } => Vec::new(),
            Build { dockerfile: Some(named), .. } => vec![tidy(&context.join(&named.text))],
            _ => vec![context.join("Dockerfile"), context.join("Containerfile")],
        }
    }
}
