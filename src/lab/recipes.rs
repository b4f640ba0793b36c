//! What each scenario serves: chains that are right but for one thing. The DER is written in `x509`,
//! the servers are in `serve`, the words in the tables.

use tokio::net::TcpListener;

use super::LabError;
use super::flights;
use super::key::{Key, SignatureKind};
use super::ocsp::{self, Said};
use super::serve::{Plan, Raw, Server, Tls};
use super::x509::{Extension, Issued, Name, Spec};
use crate::moment::{DAY, Moment};

/// Makes what one scenario serves.
pub(super) type Recipe = fn(&mut Mint) -> Result<Plan, LabError>;

/// The lab's CA, and the roots that its store must hold.
#[derive(Debug)]
pub(super) struct Mint {
    now: Moment,
    root: Issued,
    issuing: Issued,
    roots: Vec<Vec<u8>>,
    rsa: Option<Key>,
    /// Servers beside the scenarios' own.
    beside: Vec<(TcpListener, Server)>,
}

const LAB: &str = "whycert lab";
const HERE: &[&str] = &["localhost", "127.0.0.1", "::1"];
const HOUR: i64 = 3_600;

impl Mint {
    /// A fresh root and a fresh issuing CA below it.
    pub(super) fn new(now: Moment) -> Result<Self, LabError> {
        let root = Spec::authority(now, Name::new(LAB, "whycert Lab Root"), None)?
            .self_signed(Key::p256()?)?;
        let issuing = Spec::authority(now, Name::new(LAB, "whycert Lab Issuing CA"), Some(0))?
            .issue(Key::p256()?, &root)?;
        let roots = vec![root.der.clone()];
        Ok(Self {
            now,
            root,
            issuing,
            roots,
            rsa: None,
            beside: Vec::new(),
        })
    }

    /// The servers beside the scenarios' own, to be run with them.
    pub(super) fn take_beside(&mut self) -> Vec<(TcpListener, Server)> {
        std::mem::take(&mut self.beside)
    }

    /// Serves a certificate over plain HTTP on a free port; its address.
    fn publish(&mut self, der: &[u8]) -> Result<String, LabError> {
        let server = Server::Raw(Raw::Publishes(der.to_vec()));
        let port = super::open(0, server, &mut self.beside)?;
        Ok(format!("http://127.0.0.1:{port}/issuing-ca.cer"))
    }

    /// The roots that the lab's store must hold, its own first.
    pub(super) fn into_roots(self) -> Vec<Vec<u8>> {
        self.roots
    }

    fn server(&self) -> Result<Spec, LabError> {
        Spec::server(self.now, HERE)
    }

    /// An issuing CA of the lab with its own name.
    fn authority(&self, name: &str, path: Option<u8>) -> Result<Spec, LabError> {
        Spec::authority(self.now, Name::new(LAB, name), path)
    }

    fn strange_root(&self, organisation: &'static str, name: &str) -> Result<Issued, LabError> {
        Spec::authority(self.now, Name::new(organisation, name), None)?.self_signed(Key::p256()?)
    }

    /// A leaf by the issuing CA, sent with it.
    fn usual(&self, leaf: &Spec) -> Result<Plan, LabError> {
        let leaf = leaf.issue(Key::p256()?, &self.issuing)?;
        Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &self.issuing])?))
    }

    /// A leaf by this CA, sent with it.
    fn below(&self, issuer: &Issued) -> Result<Plan, LabError> {
        let leaf = self.server()?.issue(Key::p256()?, issuer)?;
        Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, issuer])?))
    }

    /// The one RSA key of the lab's old CA, made when it is first wanted.
    fn old_key(&mut self) -> Result<Key, LabError> {
        if let Some(key) = &self.rsa {
            return Ok(key.clone());
        }
        let key = Key::rsa_2048()?;
        self.rsa = Some(key.clone());
        Ok(key)
    }

    fn healthy_tls(&self) -> Result<Tls, LabError> {
        let leaf = self.server()?.issue(Key::p256()?, &self.issuing)?;
        Tls::new(&leaf, &[&leaf, &self.issuing])
    }
}

pub(super) fn healthy(mint: &mut Mint) -> Result<Plan, LabError> {
    mint.usual(&mint.server()?)
}

pub(super) fn expired(mint: &mut Mint) -> Result<Plan, LabError> {
    let now = mint.now;
    mint.usual(
        &mint
            .server()?
            .between(now.plus(-120 * DAY), now.plus(-30 * DAY)),
    )
}

pub(super) fn not_yet_valid(mint: &mut Mint) -> Result<Plan, LabError> {
    let now = mint.now;
    mint.usual(
        &mint
            .server()?
            .between(now.plus(10 * DAY), now.plus(100 * DAY)),
    )
}

pub(super) fn expires_soon(mint: &mut Mint) -> Result<Plan, LabError> {
    let now = mint.now;
    mint.usual(
        &mint
            .server()?
            .between(now.plus(-85 * DAY), now.plus(5 * DAY)),
    )
}

pub(super) fn clock_suspect(mint: &mut Mint) -> Result<Plan, LabError> {
    let (begin, end) = (mint.now.plus(6 * HOUR), mint.now.plus(90 * DAY));
    let issuing = mint
        .authority("whycert Lab Issuing CA of Today", Some(0))?
        .between(begin, end)
        .issue(Key::p256()?, &mint.root)?;
    let leaf = mint
        .server()?
        .between(begin, end)
        .issue(Key::p256()?, &issuing)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &issuing])?))
}

pub(super) fn self_signed(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.self_signed(Key::p256()?)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf])?))
}

pub(super) fn ca_as_server(mint: &mut Mint) -> Result<Plan, LabError> {
    let mut spec = mint
        .server()?
        .with(Extension::basic_constraints(true, None))
        .with(Extension::key_usage(&[0, 5]));
    // A name of its own: as a root it would else pass for the issuer of others that signed themselves.
    spec.subject = Name::new("Example Appliance", "localhost");
    let leaf = spec.self_signed(Key::p256()?)?;
    mint.roots.push(leaf.der.clone());
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf])?))
}

pub(super) fn private_root_sent(mint: &mut Mint) -> Result<Plan, LabError> {
    let root = mint.strange_root("Example Home", "Example Home Root")?;
    let leaf = mint.server()?.issue(Key::p256()?, &root)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &root])?))
}

pub(super) fn private_root_not_sent(mint: &mut Mint) -> Result<Plan, LabError> {
    let root = mint.strange_root("Example Works", "Example Works Root")?;
    let issuing = Spec::authority(
        mint.now,
        Name::new("Example Works", "Example Works Issuing CA"),
        Some(0),
    )?
    .issue(Key::p256()?, &root)?;
    mint.below(&issuing)
}

pub(super) fn missing_intermediate(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf])?))
}

pub(super) fn issuer_to_fetch(mint: &mut Mint) -> Result<Plan, LabError> {
    let issuing = mint
        .authority("whycert Lab Fetchable CA", Some(0))?
        .issue(Key::p256()?, &mint.root)?;
    let address = mint.publish(&issuing.der)?;
    let leaf = mint
        .server()?
        .with(Extension::issuer_at(&address))
        .issue(Key::p256()?, &issuing)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf])?))
}

pub(super) fn wrong_order(mint: &mut Mint) -> Result<Plan, LabError> {
    let policy = mint
        .authority("whycert Lab Policy CA", Some(1))?
        .issue(Key::p256()?, &mint.root)?;
    let issuing = mint
        .authority("whycert Lab Web CA", Some(0))?
        .issue(Key::p256()?, &policy)?;
    let leaf = mint.server()?.issue(Key::p256()?, &issuing)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &policy, &issuing])?))
}

pub(super) fn wrong_host(mint: &mut Mint) -> Result<Plan, LabError> {
    mint.usual(&Spec::server(
        mint.now,
        &["shop.example.com", "www.example.com"],
    )?)
}

pub(super) fn ip_without_san(mint: &mut Mint) -> Result<Plan, LabError> {
    mint.usual(&Spec::server(mint.now, &["localhost"])?)
}

pub(super) fn common_name_only(mint: &mut Mint) -> Result<Plan, LabError> {
    mint.usual(&Spec::server(mint.now, &[])?)
}

pub(super) fn expired_intermediate(mint: &mut Mint) -> Result<Plan, LabError> {
    let issuing = mint
        .authority("whycert Lab Issuing CA of Yesteryear", Some(0))?
        .between(mint.now.plus(-365 * DAY), mint.now.plus(-2 * DAY))
        .issue(Key::p256()?, &mint.root)?;
    mint.below(&issuing)
}

pub(super) fn expired_cross_sign(mint: &mut Mint) -> Result<Plan, LabError> {
    let old = mint
        .authority("whycert Lab Old Root", None)?
        .between(mint.now.plus(-3_650 * DAY), mint.now.plus(-20 * DAY))
        .self_signed(Key::p256()?)?;
    let cross = mint
        .authority(&mint.root.name.common_name, None)?
        .issue(mint.root.key.clone(), &old)?;
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    mint.roots.push(old.der);
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &mint.issuing, &cross])?))
}

pub(super) fn re_signed(mint: &mut Mint) -> Result<Plan, LabError> {
    let root = mint.strange_root("Zscaler Inc.", "Zscaler Root CA (played by the lab)")?;
    let leaf = mint
        .server()?
        .between(mint.now.plus(-HOUR), mint.now.plus(14 * DAY + 18 * HOUR))
        .issue(Key::p256()?, &root)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &root])?))
}

pub(super) fn not_for_servers(mint: &mut Mint) -> Result<Plan, LabError> {
    mint.usual(&mint.server()?.with(Extension::client_auth()))
}

pub(super) fn weak_hash(mint: &mut Mint) -> Result<Plan, LabError> {
    let key = mint.old_key()?;
    let issuing = mint
        .authority("whycert Lab Old CA", Some(0))?
        .issue(key, &mint.root)?;
    let leaf = mint.server()?.sign(
        Key::p256()?,
        &issuing.name,
        &issuing.key,
        SignatureKind::RsaSha1,
    )?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &issuing])?))
}

pub(super) fn weak_key(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.issue(Key::rsa_1024()?, &mint.issuing)?;
    Ok(Plan::Tls(
        Tls::new(&leaf, &[&leaf, &mint.issuing])?.only_tls12(),
    ))
}

pub(super) fn unchecked_signature(mint: &mut Mint) -> Result<Plan, LabError> {
    let key = mint.old_key()?;
    let issuing = mint
        .authority("whycert Lab CA of Its Own Taste", Some(0))?
        .issue(key, &mint.root)?;
    let leaf = mint.server()?.sign(
        Key::p256()?,
        &issuing.name,
        &issuing.key,
        SignatureKind::RsaSha512Cut,
    )?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &issuing])?))
}

/// A leaf by the issuing CA, served with an answer that says this of it.
fn stapled(mint: &Mint, spec: &Spec, said: Said) -> Result<Plan, LabError> {
    let leaf = spec.issue(Key::p256()?, &mint.issuing)?;
    let answer = ocsp::answer(&spec.serial, &mint.issuing, said)?;
    Ok(Plan::Tls(
        Tls::new(&leaf, &[&leaf, &mint.issuing])?.stapling(answer),
    ))
}

pub(super) fn revoked(mint: &mut Mint) -> Result<Plan, LabError> {
    let said = Said {
        revoked: Some(mint.now.plus(-2 * DAY)),
        this_update: mint.now.plus(-HOUR),
        next_update: mint.now.plus(3 * DAY),
    };
    stapled(mint, &mint.server()?, said)
}

pub(super) fn old_staple(mint: &mut Mint) -> Result<Plan, LabError> {
    let said = Said {
        revoked: None,
        this_update: mint.now.plus(-6 * DAY),
        next_update: mint.now.plus(-3 * DAY),
    };
    stapled(mint, &mint.server()?, said)
}

pub(super) fn must_staple(mint: &mut Mint) -> Result<Plan, LabError> {
    mint.usual(&mint.server()?.with(Extension::must_staple()))
}

pub(super) fn critical_extension(mint: &mut Mint) -> Result<Plan, LabError> {
    mint.usual(&mint.server()?.with(Extension::unknown_critical()))
}

pub(super) fn broken_encoding(mint: &mut Mint) -> Result<Plan, LabError> {
    let mut spec = mint.server()?;
    if let Some(first) = spec.serial.first_mut() {
        // Not 0xff, which may say nothing: then more programs refuse it.
        *first = 0x80 | *first & 0x3f;
    }
    mint.usual(&spec)
}

pub(super) fn bad_signature(mint: &mut Mint) -> Result<Plan, LabError> {
    let mut leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    if let Some(last) = leaf.der.last_mut() {
        *last ^= 1;
    }
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &mint.issuing])?))
}

pub(super) fn not_a_ca(mint: &mut Mint) -> Result<Plan, LabError> {
    // Without a limit on the path length, which would be a second fault.
    let issuing = mint
        .authority("whycert Lab Site CA", None)?
        .issue(Key::p256()?, &mint.root)?;
    let shop = Spec::server(mint.now, &["shop.example.com"])?.issue(Key::p256()?, &issuing)?;
    let leaf = mint.server()?.issue(Key::p256()?, &shop)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &shop, &issuing])?))
}

pub(super) fn path_length(mint: &mut Mint) -> Result<Plan, LabError> {
    let deeper = mint
        .authority("whycert Lab Department CA", None)?
        .issue(Key::p256()?, &mint.issuing)?;
    let leaf = mint.server()?.issue(Key::p256()?, &deeper)?;
    Ok(Plan::Tls(Tls::new(
        &leaf,
        &[&leaf, &deeper, &mint.issuing],
    )?))
}

pub(super) fn name_constraint(mint: &mut Mint) -> Result<Plan, LabError> {
    let limited = mint
        .authority("whycert Lab CA for corp.example", Some(0))?
        .with(Extension::permitted_name("corp.example"))
        .issue(Key::p256()?, &mint.root)?;
    let leaf = Spec::server(mint.now, &["localhost"])?.issue(Key::p256()?, &limited)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &limited])?))
}

pub(super) fn duplicate(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    let sent = [&leaf, &mint.issuing, &mint.issuing];
    Ok(Plan::Tls(Tls::new(&leaf, &sent)?))
}

pub(super) fn unrelated(mint: &mut Mint) -> Result<Plan, LabError> {
    let stranger_root = mint.strange_root("Example Press", "Example Press Root")?;
    let stranger = Spec::authority(
        mint.now,
        Name::new("Example Press", "Example Press Issuing CA"),
        Some(0),
    )?
    .issue(Key::p256()?, &stranger_root)?;
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    let sent = [&leaf, &mint.issuing, &stranger];
    Ok(Plan::Tls(Tls::new(&leaf, &sent)?))
}

pub(super) fn redundant_root(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    let sent = [&leaf, &mint.issuing, &mint.root];
    Ok(Plan::Tls(Tls::new(&leaf, &sent)?))
}

pub(super) fn client_certificate(mint: &mut Mint) -> Result<Plan, LabError> {
    let root = mint.root.der.clone();
    Ok(Plan::Tls(
        mint.healthy_tls()?.demanding_certificates_of(root),
    ))
}

pub(super) fn key_not_proved(mint: &mut Mint) -> Result<Plan, LabError> {
    let mut leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    leaf.key = Key::p256()?;
    Ok(Plan::Tls(Tls::new(&leaf, &[&leaf, &mint.issuing])?))
}

pub(super) fn no_certificate(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    Ok(Plan::Tls(Tls::new(&leaf, &[])?))
}

pub(super) fn old_version(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    let flight = flights::tls10(&[&leaf.der, &mint.issuing.der]);
    Ok(Plan::Raw(Raw::OldVersion(flight)))
}

pub(super) fn smtp(mint: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Smtp(Some(mint.healthy_tls()?.acceptor()?))))
}

pub(super) fn starttls_refused(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Smtp(None)))
}

pub(super) fn plain_http(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Http))
}

pub(super) fn ssh(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Greeting(flights::SSH)))
}

pub(super) fn silent(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Silent))
}

pub(super) fn stalled(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Stalled))
}

pub(super) fn broken_off(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Answer(flights::HALF_SERVER_HELLO)))
}

pub(super) fn closed_at_once(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::CloseAtOnce))
}

pub(super) fn reset(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Reset))
}

pub(super) fn garbage(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Answer(flights::GARBAGE)))
}

pub(super) fn endless(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Endless))
}

pub(super) fn alert(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Raw(Raw::Answer(flights::UNRECOGNISED_NAME)))
}

pub(super) fn refused(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::NotListening)
}

pub(super) fn no_such_name(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::Nothing)
}

pub(super) fn no_file(_: &mut Mint) -> Result<Plan, LabError> {
    Ok(Plan::File(None))
}

pub(super) fn file_without_certificate(mint: &mut Mint) -> Result<Plan, LabError> {
    let text = pem("PUBLIC KEY", mint.root.key.spki());
    Ok(Plan::File(Some(text.into_bytes())))
}

pub(super) fn file_with_broken_part(mint: &mut Mint) -> Result<Plan, LabError> {
    let leaf = mint.server()?.issue(Key::p256()?, &mint.issuing)?;
    let mut text = pem("CERTIFICATE", &leaf.der);
    text.push_str(
        "-----BEGIN CERTIFICATE-----\nMIIB*** lost on the way ***\n-----END CERTIFICATE-----\n",
    );
    text.push_str(&pem("CERTIFICATE", &mint.issuing.der));
    Ok(Plan::File(Some(text.into_bytes())))
}

/// PEM (RFC 7468) with lines of 64.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for (i, character) in text.chars().enumerate() {
        if i > 0 && i % 64 == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push_str(&format!("\n-----END {label}-----\n"));
    out
}
