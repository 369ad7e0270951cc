//! From what was seen to a diagnosis.

use provender_core::doctor::{AuthorityFacts, HostDiagnosis, HostReport, Remedy};
use provender_core::{Diagnostic, Level};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;

use super::authority::{authority, takes};
use super::clock::{WrongClock, wrong_clock};
use super::clues::{clues, strong};
use super::complete::{Continuation, from_access, from_here};
use super::judge::{Anchors, ChainFault};
use super::observe::{Observation, Presented, Seen};
use super::prober::Inner;
use super::remedy::{Trial, unproved};
use super::visit::Visit;
use super::{Expects, HostProbe, findings, rules, unreachable};
use crate::certificate::CertificateFacts;
use crate::error::NetError;
use crate::redact::redact;

/// Says what is wrong with the way to a host, in the light of what all hosts showed.
pub(super) async fn diagnose(inner: &Inner, own: &Observation, all: &[Observation]) -> HostProbe {
    let mut draft = Draft::new(own);
    let clock = wrong_clock(all, inner.now());
    match &own.seen {
        Seen::NotAsked(why) => {
            let message = format!("`{}` was not looked at: {why}", own.host);
            draft.fail(HostDiagnosis::Unreachable, Diagnostic::error(rules::OFFLINE, message));
        }
        Seen::BadUrl(reason) => {
            let finding = Diagnostic::error(rules::BAD_URL, reason.clone()).hint("correct the URL");
            draft.fail(HostDiagnosis::Unreachable, finding);
        }
        Seen::Plain(visit) => {
            draft.findings.push(findings::plain_http(own));
            match visit {
                Ok(visit) => draft.answered(HostDiagnosis::Clean, visit),
                Err(error) => {
                    let finding = unreachable::failed_request(own, error);
                    draft.fail(HostDiagnosis::Unreachable, finding);
                }
            }
        }
        Seen::NoWay(error) => {
            draft.fail(HostDiagnosis::Unreachable, unreachable::no_way(own, error));
            draft.try_directly(inner).await;
        }
        Seen::NoHandshake(error) => {
            let (diagnosis, finding) = unreachable::no_handshake(own, error);
            draft.fail(diagnosis, finding);
            draft.try_directly(inner).await;
        }
        Seen::Presented(presented) => {
            draft.bundles(inner);
            draft.chain(inner, presented, all, clock.as_ref()).await;
        }
    }
    let already = draft.findings.iter().any(|finding| finding.rule == rules::CLOCK);
    if let Some(clock) = clock.filter(|_| !already && !own.dates.is_empty()) {
        draft.findings.push(findings::clock(Level::Warning, &clock));
    }
    draft.finish()
}

/// A report in the making.
pub(super) struct Draft<'a> {
    pub(super) own: &'a Observation,
    diagnosis: HostDiagnosis,
    issuer: Option<String>,
    trusted_by: Vec<String>,
    authority: Option<AuthorityFacts>,
    pub(super) authority_certificate: Option<CertificateDer<'static>>,
    pub(super) evidence: Vec<String>,
    pub(super) remedy: Option<Remedy>,
    findings: Vec<Diagnostic>,
}

impl<'a> Draft<'a> {
    fn new(own: &'a Observation) -> Self {
        Self {
            own,
            diagnosis: HostDiagnosis::Clean,
            issuer: None,
            trusted_by: Vec::new(),
            authority: None,
            authority_certificate: None,
            evidence: own.evidence.clone(),
            remedy: None,
            findings: Vec::new(),
        }
    }

    /// A diagnosis with the finding that says why; its hint is the remedy until a better one is
    /// proved.
    fn fail(&mut self, diagnosis: HostDiagnosis, finding: Diagnostic) {
        self.diagnosis = diagnosis;
        self.remedy = finding.hint.clone().map(unproved);
        self.findings.insert(0, finding);
    }

    /// What an answer came to, where the connection is `diagnosis`.
    fn answered(&mut self, diagnosis: HostDiagnosis, visit: &Visit) {
        self.diagnosis = diagnosis;
        // Where any answer is good, the redirect is one.
        let wanted = self.own.target.expects != Expects::Anything;
        match (&visit.portal, &visit.astray) {
            (Some(portal), _) => {
                self.evidence.push(portal.sign.clone());
                self.fail(HostDiagnosis::Portal, findings::portal(self.own, portal));
            }
            (None, Some(astray)) if wanted => {
                self.fail(HostDiagnosis::Unreachable, findings::astray(self.own, astray));
            }
            (None, _) => self.findings.extend(findings::status(self.own, visit.status)),
        }
    }

    fn bundles(&mut self, inner: &Inner) {
        self.findings.extend(inner.trust().bad_bundles.iter().map(findings::bad_bundle));
    }

    async fn chain(
        &mut self,
        inner: &Inner,
        presented: &Presented,
        all: &[Observation],
        clock: Option<&WrongClock>,
    ) {
        let leaf = presented.chain.first().and_then(CertificateFacts::from_der);
        self.issuer = leaf.map(|leaf| leaf.issuer);
        self.findings.extend(findings::version(self.own, presented.version));
        let sets = &inner.trust().sets;
        let trusting = sets.iter().zip(&presented.verdicts).filter(|(_, verdict)| verdict.is_ok());
        self.trusted_by = trusting.map(|(set, _)| set.word.clone()).collect();
        if presented.is_trusted() {
            self.name_authority(inner, presented, &Continuation::default());
            self.trusted_chain(inner, presented, all).await;
        } else {
            self.refused_chain(inner, presented, all, clock).await;
        }
        self.check_conformance(inner, presented);
    }

    async fn trusted_chain(&mut self, inner: &Inner, presented: &Presented, all: &[Observation]) {
        let issuer = self.root_name();
        let diagnosis = if presented.is_public() {
            HostDiagnosis::Clean
        } else {
            let continuation = from_here(inner, self.own, presented, all);
            if !continuation.trusted_by.is_empty() {
                // The machine knows the missing certificate; what has only public roots does not.
                self.missing(inner, presented, &continuation);
                self.prove_missing(inner, &continuation).await;
                return;
            }
            let clues = clues(self.own, presented, all, inner.now());
            self.evidence.extend(clues.iter().map(|clue| clue.text.clone()));
            let strong = strong(&clues);
            if strong.is_empty() {
                self.findings.push(findings::private(self.own, &issuer));
                HostDiagnosis::PrivateTrusted
            } else {
                self.findings.push(findings::intercepted(self.own, &issuer, &strong));
                HostDiagnosis::InterceptedTrusted
            }
        };
        self.diagnosis = diagnosis;
        match &presented.visit {
            Some(Ok(visit)) => self.answered(diagnosis, visit),
            // The bundle that spoils every request has its finding already.
            Some(Err(NetError::Roots(_))) | None => {}
            Some(Err(error)) => {
                let finding = unreachable::failed_request(self.own, error);
                self.fail(HostDiagnosis::Unreachable, finding);
            }
        }
    }

    async fn refused_chain(
        &mut self,
        inner: &Inner,
        presented: &Presented,
        all: &[Observation],
        clock: Option<&WrongClock>,
    ) {
        let Some(fault) = leading_fault(&presented.verdicts) else { return };
        let mut continuation = Continuation::default();
        if *fault == ChainFault::UnknownIssuer {
            continuation = from_here(inner, self.own, presented, all);
            if continuation.trusted_by.is_empty() {
                continuation = from_access(inner, self.own, presented).await;
            }
        }
        self.name_authority(inner, presented, &continuation);
        if !continuation.trusted_by.is_empty() {
            self.missing(inner, presented, &continuation);
            self.prove_missing(inner, &continuation).await;
            return;
        }
        let issuer = self.root_name();
        let clues = clues(self.own, presented, all, inner.now());
        self.evidence.extend(clues.iter().map(|clue| clue.text.clone()));
        let finding = findings::refused(self.own, fault, &issuer, &strong(&clues));
        match fault {
            ChainFault::Expired { .. } | ChainFault::NotYetValid { .. } => {
                self.out_of_time(inner, presented, finding, clock).await;
            }
            ChainFault::WrongName { names } => {
                self.fail(HostDiagnosis::WrongName, finding);
                self.offer_names(inner, names).await;
            }
            ChainFault::UnknownIssuer | ChainFault::Roots(_) => {
                if let Some(names) = other_names(presented, &self.own.host) {
                    self.evidence.push(format!("it is also for other names: {names}"));
                }
                self.fail(HostDiagnosis::UntrustedIssuer, finding);
                self.offer_authority(inner, presented).await;
            }
            ChainFault::Unfit(_) | ChainFault::NotConforming(_) | ChainFault::TrustedItself => {
                self.fail(HostDiagnosis::UntrustedIssuer, finding);
            }
        }
    }

    async fn out_of_time(
        &mut self,
        inner: &Inner,
        presented: &Presented,
        finding: Diagnostic,
        clock: Option<&WrongClock>,
    ) {
        let Some(clock) = clock else {
            self.fail(HostDiagnosis::Expired, finding);
            return;
        };
        // A clock that is wrong explains nothing if the chain is refused at the right time too.
        let explained = clock.reference.as_ref().is_none_or(|heard| {
            let mut sets = inner.trust().sets.iter();
            sets.any(|set| set.anchors.judge(&presented.chain, &self.own.host, heard.said).is_ok())
        });
        if !explained {
            self.fail(HostDiagnosis::Expired, finding);
            self.findings.push(findings::clock(Level::Error, clock));
            return;
        }
        self.fail(HostDiagnosis::Clock, findings::clock(Level::Error, clock));
        self.evidence.extend(clock.evidence.iter().cloned());
        if let Some(heard) = &clock.reference {
            let text = format!(
                "compare the clock of this machine with another one you trust, and set it if it is \
                 wrong: {} says that it is {}",
                heard.who, heard.said
            );
            self.remedy = Some(if heard.verified {
                let url = self.own.url();
                let proxy = self.own.proxy.as_ref();
                let trial = Trial { url: &url, proxy, added: &[], at: Some(heard.said) };
                trial.remedy(inner, text).await
            } else {
                // Whoever presents an old certificate with a stolen key can tell an old time too.
                unproved(text)
            });
        }
    }

    fn missing(&mut self, inner: &Inner, presented: &Presented, continuation: &Continuation) {
        let names: Vec<String> = continuation.added.iter().filter_map(subject).collect();
        for (name, place) in names.iter().zip(&continuation.found_in) {
            self.evidence.push(format!("`{name}`, which is missing, was found in {place}"));
        }
        let verifying = continuation.trusted_by.join(", ");
        self.evidence.push(format!("with it the chain verifies: {verifying}"));
        let finding = findings::missing_intermediate(self.own, &names);
        self.fail(HostDiagnosis::MissingIntermediate, finding);
        // What was found by name and did not sign the chain is not handed out.
        let first = continuation.added.first();
        let first = first.filter(|added| takes(inner, self.own, presented, added));
        self.authority_certificate = first.cloned();
    }

    fn name_authority(
        &mut self,
        inner: &Inner,
        presented: &Presented,
        continuation: &Continuation,
    ) {
        let (facts, certificate) = authority(inner, self.own, presented, continuation);
        self.authority = facts;
        self.authority_certificate = certificate;
    }

    /// The name of the authority that would have to be trusted, for people.
    pub(super) fn root_name(&self) -> String {
        let name = self.authority.as_ref().map(|authority| authority.name.clone());
        name.or_else(|| self.issuer.clone()).unwrap_or_else(|| "the issuer".to_owned())
    }

    /// Judged with the authority at hand, so that what strict tools will say is told before it is
    /// trusted.
    fn check_conformance(&mut self, inner: &Inner, presented: &Presented) {
        let sets = &inner.trust().sets;
        let trusting = sets.iter().zip(&presented.verdicts).find(|(_, verdict)| verdict.is_ok());
        let found = match (trusting, &self.authority_certificate) {
            (Some((set, _)), _) => set.anchors.nonconformities(&presented.chain),
            (None, Some(authority)) => {
                Anchors::new(vec![authority.clone()]).nonconformities(&presented.chain)
            }
            (None, None) => return,
        };
        let issuer = self.root_name();
        self.findings.extend(findings::conformance(self.own, &issuer, &found));
    }

    fn finish(mut self) -> HostProbe {
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let own = self.own;
        let route = match &own.proxy {
            None => "direct".to_owned(),
            Some(proxy) => format!("{} ({})", proxy.redacted(), proxy.setting()),
        };
        let chain = own.presented().map(|presented| presented.chain.clone()).unwrap_or_default();
        let report = HostReport {
            url: redact(&own.url()),
            purpose: own.target.purpose.clone(),
            route,
            diagnosis: self.diagnosis,
            issuer: self.issuer,
            trusted_by: self.trusted_by,
            authority: self.authority,
            evidence: self.evidence,
            remedy: self.remedy,
            findings: self.findings,
        };
        HostProbe { report, chain, authority_certificate: self.authority_certificate }
    }
}

/// The fault of the set that comes nearest to trusting the chain.
fn leading_fault(verdicts: &[Result<(), ChainFault>]) -> Option<&ChainFault> {
    let rank = |fault: &&ChainFault| match fault {
        ChainFault::WrongName { .. } => 4,
        ChainFault::Expired { .. } | ChainFault::NotYetValid { .. } => 3,
        ChainFault::Unfit(_) | ChainFault::NotConforming(_) | ChainFault::TrustedItself => 2,
        ChainFault::UnknownIssuer => 1,
        ChainFault::Roots(_) => 0,
    };
    verdicts.iter().filter_map(|verdict| verdict.as_ref().err()).max_by_key(rank)
}

/// The names of a certificate that is not for the host; none if it is.
fn other_names(presented: &Presented, host: &str) -> Option<String> {
    let certificate = presented.chain.first()?;
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let name = ServerName::try_from(host).ok()?;
    verify_server_name(&parsed, &name).err()?;
    let names = CertificateFacts::from_der(certificate)?.names;
    Some(if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}

fn subject(certificate: &CertificateDer<'static>) -> Option<String> {
    CertificateFacts::from_der(certificate).map(|facts| facts.subject)
}
