//! Settings in a tree: scalars, and lists of scalars.

use super::{DEPTH, Id, Kind, Yaml};
use crate::facts::{Facts, Setting, Span, Tool, Value};

impl Yaml<'_> {
    /// Every setting below a node: scalars, and lists of scalars.
    pub(in crate::settings) fn settings(&self, tool: Tool) -> Facts {
        let mut facts = Facts {
            comments: self.comments.clone(),
            errors: self.errors.clone(),
            ..Facts::default()
        };
        for &root in &self.documents {
            self.collect_settings(tool, root, &mut Vec::new(), &mut facts.settings, 0);
        }
        facts
    }

    fn collect_settings(
        &self,
        tool: Tool,
        id: Id,
        path: &mut Vec<String>,
        settings: &mut Vec<Setting>,
        depth: usize,
    ) {
        if depth > DEPTH {
            return;
        }
        match &self.nodes[id].kind {
            Kind::Mapping { entries, .. } => {
                for (&(key, value), whole) in entries.iter().zip(&*self.entry_wholes(id)) {
                    let Some(name) = self.scalar(key) else { continue };
                    path.push(name.to_owned());
                    let place = (self.nodes[key].span.clone(), whole.clone());
                    settings.extend(self.setting(tool, value, path, place));
                    self.collect_settings(tool, value, path, settings, depth + 1);
                    path.pop();
                }
            }
            Kind::Sequence { items, .. } => {
                let nested = |item: &Id| !matches!(self.nodes[*item].kind, Kind::Scalar { .. });
                let wholes = if items.iter().any(nested) { self.item_wholes(id) } else { vec![] };
                for (index, (&item, whole)) in items.iter().zip(wholes).enumerate() {
                    path.push(index.to_string());
                    if matches!(self.nodes[item].kind, Kind::Sequence { .. }) {
                        let place = (self.nodes[item].span.clone(), whole);
                        settings.extend(self.setting(tool, item, path, place));
                    }
                    self.collect_settings(tool, item, path, settings, depth + 1);
                    path.pop();
                }
            }
            Kind::Scalar { .. } | Kind::Alias(_) => {}
        }
    }

    /// The setting that a scalar or a list of scalars is.
    pub(in crate::settings) fn setting(
        &self,
        tool: Tool,
        value: Id,
        path: &[String],
        (key, whole): (Span, Span),
    ) -> Option<Setting> {
        let values = match &self.nodes[value].kind {
            Kind::Scalar { text, .. } => {
                vec![Value {
                    text: text.clone(),
                    span: self.nodes[value].span.clone(),
                    whole: whole.clone(),
                }]
            }
            Kind::Sequence { items, .. } => {
                let scalars: Vec<Value> = items
                    .iter()
                    .zip(self.item_wholes(value))
                    .filter_map(|(&item, item_whole)| match &self.nodes[item].kind {
                        Kind::Scalar { text, .. } => Some(Value {
                            text: text.clone(),
                            span: self.nodes[item].span.clone(),
                            whole: if items.len() == 1 { whole.clone() } else { item_whole },
                        }),
                        _ => None,
                    })
                    .collect();
                if scalars.is_empty() && !items.is_empty() {
                    return None;
                }
                scalars
            }
            Kind::Mapping { .. } | Kind::Alias(_) => return None,
        };
        let texts: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
        let text = texts.join(" ");
        Some(Setting { tool, path: path.to_vec(), value: text, values, key, whole })
    }
}
