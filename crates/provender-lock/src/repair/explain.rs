//! Why a vulnerable project could not be moved, from the solver's contradiction.

use provender_core::{Place, ProjectName};
use uv_pep440::Operator;

use super::search::Conflict;
use crate::inputs::UserLimit;
use crate::outcome::{Cap, UnfixedReason};

/// Who holds `project` back: those of the contradiction that, by the solver's own account, demand
/// something of it; the user's requirements where it is nobody else.
pub(crate) fn conflict(
    project: &ProjectName,
    conflict: &Conflict,
    limits: &[UserLimit],
) -> UnfixedReason {
    let report = conflict.report.replace('\n', " ");
    let caps: Vec<Cap> = conflict
        .projects
        .iter()
        .filter(|name| *name != project)
        .filter_map(|name| {
            let demand = demand(&report, name, project)?;
            Some(Cap { parent: name.clone(), demand, pinned: pin(name, limits) })
        })
        .collect();
    if !caps.is_empty() {
        return UnfixedReason::CappedBy { caps };
    }
    let own = limits
        .iter()
        .filter(|limit| conflict.projects.contains(&limit.name) && has_upper_end(limit))
        .min_by_key(|limit| limit.name != *project);
    match own {
        Some(limit) => UnfixedReason::PinnedByUser {
            requirement: limit.text.clone(),
            place: Some(limit.place.clone()),
        },
        None => UnfixedReason::NoSolution,
    }
}

/// The requirement with which the user pins a project, if one does.
pub(crate) fn pin(name: &ProjectName, limits: &[UserLimit]) -> Option<(String, Place)> {
    let limit = limits.iter().find(|limit| limit.name == *name && is_pin(limit))?;
    Some((limit.text.clone(), limit.place.clone()))
}

/// Whether a limit keeps out newer versions: only then can it stand in the way of a fix.
fn has_upper_end(limit: &UserLimit) -> bool {
    use Operator as O;
    limit.specifiers.iter().any(|clause| {
        matches!(
            clause.operator(),
            O::Equal
                | O::ExactEqual
                | O::EqualStar
                | O::LessThan
                | O::LessThanEqual
                | O::TildeEqual
        )
    })
}

/// Whether a limit allows one version only. A wider one need not be what keeps a project back.
fn is_pin(limit: &UserLimit) -> bool {
    let exact = |operator: &Operator| matches!(operator, Operator::Equal | Operator::ExactEqual);
    limit.specifiers.iter().any(|clause| exact(clause.operator()))
}

/// What `parent` demands of `project`, as in `fastapi==0.109.0 depends on starlette>=0.35,<0.36`.
fn demand(report: &str, parent: &ProjectName, project: &ProjectName) -> Option<String> {
    let words: Vec<&str> = report.split_whitespace().collect();
    for (at, window) in words.windows(3).enumerate() {
        let [subject, verb, on] = window else { continue };
        if *verb != "depends" && *verb != "depend" || *on != "on" {
            continue;
        }
        let Some(object) = words.get(at + 3) else { break };
        if without_clauses(subject) == parent.as_str()
            && without_clauses(object) == project.as_str()
        {
            let clauses = object[project.as_str().len()..].trim_end_matches(['.', ',', ':', ';']);
            return Some(clauses.to_owned());
        }
    }
    None
}

/// The name at the start of `name>=1,<2` or `name[extra]==1`.
fn without_clauses(word: &str) -> &str {
    let end = word.find(|c: char| "<>=!~[,.".contains(c)).unwrap_or(word.len());
    &word[..end]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_cap_is_read_from_the_solvers_account() {
        let names = ["fastapi", "starlette"].map(|name| name.parse::<ProjectName>().unwrap());
        let conflict_ = Conflict {
            projects: BTreeSet::from(names.clone()),
            report: "Because fastapi==0.109.0 depends on starlette>=0.35.0,<0.36.0 and you \
                     require fastapi==0.109.0, we can conclude that your requirements are \
                     unsatisfiable."
                .to_owned(),
        };
        assert_eq!(
            conflict(&names[1], &conflict_, &[]),
            UnfixedReason::CappedBy {
                caps: vec![Cap {
                    parent: names[0].clone(),
                    demand: ">=0.35.0,<0.36.0".into(),
                    pinned: None,
                }]
            }
        );
    }
}
