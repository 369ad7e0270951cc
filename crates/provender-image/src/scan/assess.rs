//! What advisories say of what an image holds, grouped by what takes it away.

use jiff::civil::Date;
use provender_advisory::packages::{
    Fix, NotComparedReason, PackageFinding, PackageQuery, match_packages,
};
use provender_advisory::waiver::Waivers;
use provender_advisory::{Database, DatabaseError};
use provender_core::audit::Waiver;
use provender_core::{Diagnostic, Severity};

use super::{Inventory, Kind, Package};

/// What an image's packages come to.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    /// What was found: by group, then the worst first, then by package and id.
    pub findings: Vec<ScanFinding>,
    /// What could not be compared.
    pub not_compared: Vec<NotComparedPackage>,
    /// Where there are packages that are not known.
    pub hidden: Vec<HiddenPackages>,
    /// Waivers that have ended or match nothing.
    pub diagnostics: Vec<Diagnostic>,
}

/// A vulnerability at a package of the image.
#[derive(Debug, Clone)]
pub struct ScanFinding {
    /// Where the package stands in the inventory.
    pub package: usize,
    /// What it is.
    pub finding: PackageFinding,
    /// What takes it away.
    pub remedy: Remedy,
    /// The waiver that accepts it, if one does.
    pub waiver: Option<Waiver>,
}

impl ScanFinding {
    /// Whether it decides the answer.
    pub fn counts_at(&self, threshold: Severity) -> bool {
        self.waiver.is_none() && self.finding.severity.meets(threshold)
    }
}

/// What takes a vulnerability away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Another release in the project's lock.
    Lock,
    /// A newer base image.
    Base,
    /// A newer release of what the package is a part of.
    Vendored {
        /// Of what.
        inside: String,
    },
    /// Nothing that is published.
    NoFix,
    /// Nothing, as the distribution has said.
    WontFix,
}

/// A package that could not be compared.
#[derive(Debug, Clone)]
pub struct NotComparedPackage {
    /// Where the package stands in the inventory.
    pub package: usize,
    /// Why.
    pub reason: NotComparedReason,
    /// The waiver that accepts it, if one does.
    pub waiver: Option<Waiver>,
}

/// A part of the image that has packages, and does not tell which.
#[derive(Debug, Clone)]
pub struct HiddenPackages {
    /// Where its note stands in the inventory.
    pub note: usize,
    /// The waiver that accepts it, if one does: it names the file.
    pub waiver: Option<Waiver>,
}

/// Compares an inventory with advisories. A Python distribution that a distribution's package owns is
/// that package's, which carries the patches; the one binary package of several that are built from
/// one source stands for all.
///
/// # Errors
///
/// A damaged database.
pub fn assess(
    inventory: &Inventory,
    base_layers: usize,
    database: &Database,
    waivers: &[Waiver],
    today: Date,
) -> Result<Assessment, DatabaseError> {
    let waivers = Waivers::for_image(waivers, today);
    let mut seen = std::collections::BTreeSet::new();
    let mut asked = Vec::new();
    let mut unknown = Vec::new();
    for (at, package) in inventory.packages.iter().enumerate() {
        if package.owner.is_some() && !package.ecosystem.is_distribution() {
            continue;
        }
        let (name, version) = match &package.source {
            Some(source) => (source.name.as_str(), source.version.as_str()),
            None => (package.name.as_str(), package.version.as_str()),
        };
        let Some(ecosystem) = inventory.osv_ecosystem(package) else {
            unknown.push(at);
            continue;
        };
        let vendored = matches!(package.kind, Kind::Vendored { .. });
        if seen.insert((ecosystem, name, version, vendored)) {
            asked.push((at, PackageQuery { ecosystem, name, version }));
        }
    }
    let queries: Vec<PackageQuery<'_>> = asked.iter().map(|(_, query)| *query).collect();
    let matches = match_packages(database, &queries)?;
    let mut assessment = Assessment::default();
    for finding in matches.findings {
        let Some((at, query)) = asked.get(finding.query) else { continue };
        let Some(package) = inventory.packages.get(*at) else { continue };
        let names = names(inventory, package, query.name);
        let waiver = waivers.accepting_package(&names, &finding).cloned();
        let remedy = remedy(package, &finding.fix, base_layers);
        assessment.findings.push(ScanFinding { package: *at, finding, remedy, waiver });
    }
    let not_compared = matches
        .not_compared
        .iter()
        .filter_map(|one| asked.get(one.query).map(|(at, _)| (*at, one.reason)));
    let runtimes = unknown.into_iter().map(|at| (at, NotComparedReason::Ecosystem));
    for (at, reason) in not_compared.chain(runtimes) {
        let Some(package) = inventory.packages.get(at) else { continue };
        let waiver = waivers.accepting_uncompared_package(&[&package.name]).cloned();
        assessment.not_compared.push(NotComparedPackage { package: at, reason, waiver });
    }
    let hiding = inventory.notes.iter().enumerate().filter(|(_, note)| note.hides);
    assessment.hidden = hiding
        .map(|(at, note)| {
            let waiver = waivers.accepting_uncompared_package(&[&note.place]).cloned();
            HiddenPackages { note: at, waiver }
        })
        .collect();
    assessment.findings.sort_by(|a, b| {
        let key = |one: &ScanFinding| {
            let name = inventory.packages.get(one.package).map(|package| package.name.clone());
            (name, one.finding.ids.clone())
        };
        let worst = b.finding.severity.urgency().cmp(&a.finding.severity.urgency());
        a.remedy.cmp(&b.remedy).then(worst).then_with(|| key(a).cmp(&key(b)))
    });
    assessment.diagnostics = waivers.diagnostics();
    Ok(assessment)
}

/// The names that a waiver may call a package by.
fn names<'a>(inventory: &'a Inventory, package: &'a Package, asked: &'a str) -> Vec<&'a str> {
    let built = inventory
        .packages
        .iter()
        .filter(|other| other.source.is_some() && other.source == package.source);
    let mut names: Vec<&str> = built.map(|other| other.name.as_str()).collect();
    names.extend([asked, package.name.as_str()]);
    names
}

fn remedy(package: &Package, fix: &Fix, base_layers: usize) -> Remedy {
    match fix {
        Fix::None => return Remedy::NoFix,
        Fix::WontFix(_) => return Remedy::WontFix,
        Fix::In(_) => {}
    }
    match &package.kind {
        Kind::Vendored { inside } => Remedy::Vendored { inside: inside.clone() },
        // Nobody knows in which layer it is.
        Kind::FromSbom if !package.ecosystem.is_distribution() => Remedy::Lock,
        _ if package.ecosystem.is_distribution() || package.layer < base_layers => Remedy::Base,
        _ => Remedy::Lock,
    }
}
