//! The scenarios, one row each. What they serve is in `recipes`.

use super::{Scenario, recipes};

/// Every scenario, in the order in which a class would meet them.
pub static SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "healthy",
        title: "all is well",
        story: "A server with a current certificate from a CA that is trusted here, sent with \
                its intermediate. Every program connects. Before you press a key: what must be \
                true for that, and how many separate checks can you name?",
        expects: &[],
        address: "https://localhost:PORT",
        recipe: recipes::healthy,
    },
    Scenario {
        id: "expired",
        title: "expired",
        story: "A shop renewed its certificates by hand each spring, until the person who knew \
                how to do it left. Since last month browsers show a red page and curl says \
                “certificate has expired”. Before you press a key: would it be safe to click \
                through, and who can repair this?",
        expects: &["cert.expired"],
        address: "https://localhost:PORT",
        recipe: recipes::expired,
    },
    Scenario {
        id: "not-yet-valid",
        title: "not valid yet",
        story: "An administrator ordered next month's certificate early and installed it at \
                once. Browsers say that the connection is not private, although the certificate \
                is brand new. Before you press a key: why would a CA put a start date into the \
                future?",
        expects: &["cert.not-yet-valid"],
        address: "https://localhost:PORT",
        recipe: recipes::not_yet_valid,
    },
    Scenario {
        id: "expires-soon",
        title: "expires in five days",
        story: "A certificate of 90 days has five days left, and the renewal that should run by \
                itself has not run. Nobody sees anything yet, and on the sixth day everybody \
                will. Before you press a key: who should have been told, and how?",
        expects: &["cert.expires-soon"],
        address: "https://localhost:PORT",
        recipe: recipes::expires_soon,
    },
    Scenario {
        id: "clock-suspect",
        title: "is it the clock?",
        story: "A laptop woke up in a time zone of its own, and every certificate that this \
                server sends seems to begin this evening. Other people reach the server without \
                trouble. Before you press a key: what do you look at first, the server or your \
                own machine?",
        expects: &["cert.clock-suspect", "cert.not-yet-valid"],
        address: "https://localhost:PORT",
        recipe: recipes::clock_suspect,
    },
    Scenario {
        id: "self-signed",
        title: "signed by itself",
        story: "Someone set up a printer, and it made a certificate for itself as printers do. \
                Browsers warn, curl says “self-signed certificate”. Before you press a key: how \
                could you find out that it is really your printer that you are talking to?",
        expects: &["leaf.self-signed"],
        address: "https://localhost:PORT",
        recipe: recipes::self_signed,
    },
    Scenario {
        id: "ca-as-server",
        title: "a CA certificate as the server's own",
        story: "A tutorial said openssl req -x509, and everyone in the team has put the result \
                into their trust store. curl and Python accept it; Firefox and Rust programs do \
                not. Before you press a key: what could the holder of this key do besides \
                running a server?",
        expects: &["leaf.ca-as-server"],
        address: "https://localhost:PORT",
        recipe: recipes::ca_as_server,
    },
    Scenario {
        id: "private-root",
        title: "private root, sent along",
        story: "A family keeps its own CA at home, and the server sends the root together with \
                its certificate. curl says “self-signed certificate in certificate chain”. \
                Before you press a key: the root is right there, so why does no program simply \
                use it?",
        expects: &["chain.unknown-root"],
        address: "https://localhost:PORT",
        recipe: recipes::private_root_sent,
    },
    Scenario {
        id: "private-root-not-sent",
        title: "private root, not sent",
        story: "A company's server sends its certificate and the intermediate of the company's \
                CA, correctly, but this machine never got the root. Colleagues with a managed \
                laptop see nothing wrong. Before you press a key: is anything wrong with the \
                server at all?",
        expects: &["chain.unknown-root"],
        address: "https://localhost:PORT",
        recipe: recipes::private_root_not_sent,
    },
    Scenario {
        id: "missing-intermediate",
        title: "intermediate not sent",
        story: "An administrator installed the certificate and forgot the second file of the CA. \
                Chrome opens the page; curl, Python and Java say “unable to get local issuer \
                certificate”. Before you press a key: where does Chrome have the missing piece \
                from?",
        expects: &["chain.missing-issuer"],
        address: "https://localhost:PORT",
        recipe: recipes::missing_intermediate,
    },
    Scenario {
        id: "issuer-to-fetch",
        title: "intermediate not sent, but published",
        story: "The same mistake again, only that this certificate says where its issuer can be had. \
                Browsers on Windows and macOS go there without a word; curl and Python do not. \
                Before you press f: what does the one learn who runs that address, and may you \
                trust what comes back?",
        expects: &["chain.missing-issuer"],
        address: "https://localhost:PORT",
        recipe: recipes::issuer_to_fetch,
    },
    Scenario {
        id: "wrong-order",
        title: "wrong order",
        story: "Someone joined three files into one, and the two intermediates changed places. \
                Nearly everyone connects; one old device does not. Before you press a key: in \
                which order should they stand, and who has to sort them?",
        expects: &["chain.out-of-order"],
        address: "https://localhost:PORT",
        recipe: recipes::wrong_order,
    },
    Scenario {
        id: "wrong-host",
        title: "certificate of another host",
        story: "One server carries many sites, and for this name it answers with the certificate \
                of its neighbour. Browsers say that the name does not match. Before you press a \
                key: how does a server know which certificate you want?",
        expects: &["name.mismatch"],
        address: "https://localhost:PORT",
        recipe: recipes::wrong_host,
    },
    Scenario {
        id: "ip-without-san",
        title: "an address that is not listed",
        story: "A developer types the server's address instead of its name. The certificate is \
                good for localhost, and still every program refuses it. Before you press a key: \
                localhost is 127.0.0.1, so why is that not enough?",
        expects: &["name.ip-not-in-san"],
        address: "https://127.0.0.1:PORT",
        recipe: recipes::ip_without_san,
    },
    Scenario {
        id: "common-name-only",
        title: "name only in the common name",
        story: "A certificate was made from a recipe of 2009: the host stands in the common \
                name, and nowhere else. Old scripts still take it; browsers, Go and Rust say \
                that it is for no name at all. Before you press a key: since when is the common \
                name not enough?",
        expects: &["name.common-name-only"],
        address: "https://localhost:PORT",
        recipe: recipes::common_name_only,
    },
    Scenario {
        id: "expired-intermediate",
        title: "intermediate expired",
        story: "The server's own certificate is fresh, but it still sends last year's \
                intermediate. Monitoring looks only at the first certificate and shows green. \
                Before you press a key: which file has to change, and must anything be issued \
                anew?",
        expects: &["cert.expired"],
        address: "https://localhost:PORT",
        recipe: recipes::expired_intermediate,
    },
    Scenario {
        id: "expired-cross-sign",
        title: "cross-signed by an expired root",
        story: "A young root was once vouched for by an old one, and three weeks ago the old one \
                expired. New programs connect; devices of ten years ago fail over night. Before \
                you press a key: how can one certificate have two parents?",
        expects: &["chain.expired-cross-sign"],
        address: "https://localhost:PORT",
        recipe: recipes::expired_cross_sign,
    },
    Scenario {
        id: "re-signed",
        title: "re-signed by an inspecting proxy",
        story: "The office reads encrypted traffic: a proxy opens each connection and signs a \
                certificate of its own. Browsers on managed laptops are content; git, pip and \
                curl are not. Before you press a key: how would you notice, and whom would you \
                ask?",
        expects: &["proxy.re-signed"],
        address: "https://localhost:PORT",
        recipe: recipes::re_signed,
    },
    Scenario {
        id: "not-for-servers",
        title: "only for clients",
        story: "Someone installed the certificate that was issued for logging in to the VPN. The \
                name is right, the dates are right, and every program says that it is not meant \
                for this. Before you press a key: where does a certificate say what it may be \
                used for?",
        expects: &["leaf.not-for-servers"],
        address: "https://localhost:PORT",
        recipe: recipes::not_for_servers,
    },
    Scenario {
        id: "weak-hash",
        title: "signed with SHA-1",
        story: "A CA in the cellar was set up long ago and still signs with SHA-1. Most programs \
                refuse it since 2017; some old ones never noticed. Before you press a key: what \
                could someone do who can make two files with the same SHA-1?",
        expects: &["crypto.weak-hash"],
        address: "https://localhost:PORT",
        recipe: recipes::weak_hash,
    },
    Scenario {
        id: "weak-key",
        title: "RSA with 1024 bits",
        story: "A device keeps the key that it was born with: RSA with 1024 bits. OpenSSL says \
                “ee key too small”. Before you press a key: who could break it today, and what \
                would they gain?",
        expects: &["crypto.weak-key"],
        address: "https://localhost:PORT",
        recipe: recipes::weak_key,
    },
    Scenario {
        id: "unchecked-signature",
        title: "a signature that cannot be checked",
        story: "A CA with a taste of its own signs with SHA-512 cut to 256 bits. Hardly any \
                program can check that, and who cannot check must refuse. Before you \
                press a key: is a signature that you cannot check good or bad?",
        expects: &["crypto.unchecked-signature"],
        address: "https://localhost:PORT",
        recipe: recipes::unchecked_signature,
    },
    Scenario {
        id: "revoked",
        title: "a revoked certificate",
        story: "The key was stolen on Monday, and the CA revoked the certificate. The server still \
                shows it, and staples the CA's answer that says so. Before you press a key: which \
                programs will notice, and which will not?",
        expects: &["cert.revoked"],
        address: "https://localhost:PORT",
        recipe: recipes::revoked,
    },
    Scenario {
        id: "old-staple",
        title: "an old answer is stapled",
        story: "The server got its CA's answer a week ago and could not reach the CA since. It \
                staples the old one, day after day. Most people notice nothing; git and Firefox \
                refuse. Before you press a key: would no answer be better than an old one?",
        expects: &["cert.bad-staple"],
        address: "https://localhost:PORT",
        recipe: recipes::old_staple,
    },
    Scenario {
        id: "must-staple",
        title: "a promise that is not kept",
        story: "The certificate was ordered with “must staple”, because that sounded safe. Nobody \
                turned stapling on in the server. Chrome and curl connect, Firefox and wget do \
                not. Before you press a key: who broke which promise?",
        expects: &["cert.must-staple"],
        address: "https://localhost:PORT",
        recipe: recipes::must_staple,
    },
    Scenario {
        id: "critical-extension",
        title: "an unknown critical extension",
        story: "A research project put a mark of its own into its certificates and called it \
                critical. Every program that does not know the mark must refuse the certificate, \
                and so they all do. Before you press a key: what is such a flag good for?",
        expects: &["cert.unknown-critical-extension"],
        address: "https://localhost:PORT",
        recipe: recipes::critical_extension,
    },
    Scenario {
        id: "broken-encoding",
        title: "a negative serial number",
        story: "A home-made CA draws its serial numbers at random and forgot about the sign. \
                Most programs do not look; strict ones refuse the certificate. Before you press \
                a key: why does the standard care about a number that nobody reads?",
        expects: &["cert.broken-encoding"],
        address: "https://localhost:PORT",
        recipe: recipes::broken_encoding,
    },
    Scenario {
        id: "bad-signature",
        title: "a signature that is wrong",
        story: "One bit of the certificate changed after the CA had signed it: a broken disk, or \
                a hand. All programs refuse it with hardly a word. Before you press a key: could \
                you find the bit, and why can nobody just put it right?",
        expects: &["chain.bad-signature"],
        address: "https://localhost:PORT",
        recipe: recipes::bad_signature,
    },
    Scenario {
        id: "not-a-ca",
        title: "signed by a certificate that is no CA",
        story: "The owner of a certificate for shop.example.com used its key to sign another \
                one, for localhost. Everything fits but for one word. Before you press a key: \
                what would the web look like if programs forgot to check that word?",
        expects: &["chain.not-a-ca"],
        address: "https://localhost:PORT",
        recipe: recipes::not_a_ca,
    },
    Scenario {
        id: "path-length",
        title: "one level too deep",
        story: "A CA may sign for servers only, and signed a CA for a department all the same. \
                The chain reaches a trusted root, and programs refuse it. Before you press a \
                key: why would a CA want to limit those below it?",
        expects: &["chain.path-length"],
        address: "https://localhost:PORT",
        recipe: recipes::path_length,
    },
    Scenario {
        id: "name-constraint",
        title: "outside of what the CA may sign",
        story: "A company's CA may sign for names below corp.example and nothing else, and \
                someone had it sign localhost. The chain is complete, and programs refuse it. \
                Before you press a key: whom does this limit protect?",
        expects: &["chain.name-constraint"],
        address: "https://localhost:PORT",
        recipe: recipes::name_constraint,
    },
    Scenario {
        id: "duplicate",
        title: "an intermediate sent twice",
        story: "The configuration names the intermediate twice, once in each of two files. \
                Nobody notices; each handshake carries a few hundred bytes in vain. Before you \
                press a key: would you repair it?",
        expects: &["chain.duplicate"],
        address: "https://localhost:PORT",
        recipe: recipes::duplicate,
    },
    Scenario {
        id: "unrelated",
        title: "a certificate that does not belong",
        story: "The CA changed its intermediate last year, and the one of another customer is \
                still in the file. Programs leave it aside. Before you press a key: how does a \
                program know which of the certificates belong together?",
        expects: &["chain.unrelated"],
        address: "https://localhost:PORT",
        recipe: recipes::unrelated,
    },
    Scenario {
        id: "redundant-root",
        title: "the root sent along",
        story: "To be on the safe side the administrator put the root into the file too. It does \
                no harm, and it helps nobody. Before you press a key: why does a root that comes \
                from the server prove nothing?",
        expects: &["chain.redundant-root"],
        address: "https://localhost:PORT",
        recipe: recipes::redundant_root,
    },
    Scenario {
        id: "client-certificate",
        title: "a client certificate demanded",
        story: "A server of machines talks only to machines that show a certificate too. Your \
                browser says “ERR_BAD_SSL_CLIENT_AUTH_CERT” or nothing at all. Before you press \
                a key: is the server's own certificate good?",
        expects: &["tls.client-certificate"],
        address: "https://localhost:PORT",
        recipe: recipes::client_certificate,
    },
    Scenario {
        id: "key-not-proved",
        title: "certificate without its key",
        story: "Certificates are public: anybody can copy one and send it. This server shows a \
                good one but signs the handshake with another key. Before you press a key: how \
                can a program tell the owner from a copycat?",
        expects: &["tls.key-not-proved"],
        address: "https://localhost:PORT",
        recipe: recipes::key_not_proved,
    },
    Scenario {
        id: "no-certificate",
        title: "no certificate",
        story: "The server starts a handshake as it should, and then sends an empty list where \
                its certificate belongs. Programs break off with words that hardly anyone has \
                seen before. Before you press a key: could one trust such a server for anything?",
        expects: &["tls.no-certificate"],
        address: "https://localhost:PORT",
        recipe: recipes::no_certificate,
    },
    Scenario {
        id: "old-version",
        title: "only TLS 1.0",
        story: "A scale in a warehouse has served its web page since 2008 and speaks nothing \
                newer than TLS 1.0. Current browsers say that the connection is not supported; \
                its certificate is fine. Before you press a key: is this a certificate problem?",
        expects: &["tls.old-version"],
        address: "https://localhost:PORT",
        recipe: recipes::old_version,
    },
    Scenario {
        id: "alert",
        title: "the server sends an alert",
        story: "The server knows a list of names, and localhost is not among them, so it ends \
                the handshake with an alert. Browsers say “unrecognized name”. Before you press \
                a key: how does it know the name that you typed?",
        expects: &["tls.alert"],
        address: "https://localhost:PORT",
        recipe: recipes::alert,
    },
    Scenario {
        id: "http-url",
        title: "http:// where TLS is spoken",
        story: "A link says http://, and the server behind it speaks TLS on that port. Browsers \
                show a download of strange bytes, or an error 400. Before you press a key: which \
                single letter would repair the link?",
        expects: &["tls.http-url"],
        address: "http://localhost:PORT",
        recipe: recipes::healthy,
    },
    Scenario {
        id: "plain-http",
        title: "plain HTTP on the TLS port",
        story: "A developer started a server with its usual settings, and those are plain HTTP. \
                With https:// curl says “wrong version number”. Before you press a key: where \
                does that number come from?",
        expects: &["tls.plain-http"],
        address: "https://localhost:PORT",
        recipe: recipes::plain_http,
    },
    Scenario {
        id: "smtp",
        title: "a mail server's greeting",
        story: "Someone points a monitor for websites at the mail server. It speaks first, in \
                plain text, and starts TLS only when asked to. Before you press a key: who \
                speaks first in HTTPS?",
        expects: &["tls.needs-starttls"],
        address: "https://localhost:PORT",
        recipe: recipes::smtp,
    },
    Scenario {
        id: "starttls-refused",
        title: "STARTTLS refused",
        story: "A mail server without a certificate answers politely and does not offer \
                STARTTLS. Mail programs that insist on encryption stop here, others send in the \
                clear. Before you press a key: what could someone on the way gain by taking one \
                line out?",
        expects: &["tls.starttls-refused"],
        address: "smtp://localhost:PORT",
        recipe: recipes::starttls_refused,
    },
    Scenario {
        id: "ssh",
        title: "an SSH server",
        story: "A port number was copied from the wrong line, and behind it sits SSH. TLS \
                programs say “wrong version number” or wait. Before you press a key: what is the \
                first thing that this server says, and to whom?",
        expects: &["tls.not-tls"],
        address: "https://localhost:PORT",
        recipe: recipes::ssh,
    },
    Scenario {
        id: "silent",
        title: "a silent server",
        story: "The connection is accepted, and then nothing comes: the program behind it hangs. \
                Browsers turn their wheel for minutes. Before you press a key: how long would \
                you wait, and what would tell you more?",
        expects: &["tls.silent"],
        address: "https://localhost:PORT",
        recipe: recipes::silent,
    },
    Scenario {
        id: "stalled",
        title: "stops in the middle",
        story: "The server begins its answer and stops after a few bytes, as some firewalls and \
                overloaded machines do. Programs wait until they lose patience. Before you press \
                a key: what is different from a server that says nothing?",
        expects: &["net.timed-out"],
        address: "https://localhost:PORT",
        recipe: recipes::stalled,
    },
    Scenario {
        id: "broken-off",
        title: "breaks off in the middle",
        story: "The server begins its answer and closes the connection in the middle of it, \
                because the program crashed. curl says “unexpected eof while reading”. Before \
                you press a key: on whose side would you look for a log?",
        expects: &["tls.handshake"],
        address: "https://localhost:PORT",
        recipe: recipes::broken_off,
    },
    Scenario {
        id: "closed-at-once",
        title: "closed at once",
        story: "The door opens and shuts again before a word was said. curl says \
                “SSL_ERROR_SYSCALL”, which helps nobody. Before you press a key: what reasons \
                can a server have to hang up like that?",
        expects: &["tls.closed-at-once"],
        address: "https://localhost:PORT",
        recipe: recipes::closed_at_once,
    },
    Scenario {
        id: "reset",
        title: "cut off",
        story: "Something on the way does not like what it sees in the first message, and cuts \
                the connection. Programs say “connection reset by peer”. Before you press a key: \
                how could you tell the server from a box in between?",
        expects: &["tls.reset"],
        address: "https://localhost:PORT",
        recipe: recipes::reset,
    },
    Scenario {
        id: "garbage",
        title: "bytes of no known protocol",
        story: "The server answers, but in no language that is known here; an industrial \
                controller might. Programs say “wrong version number” or “bad record”. Before \
                you press a key: what would you try in order to find out what it is?",
        expects: &["tls.garbage"],
        address: "https://localhost:PORT",
        recipe: recipes::garbage,
    },
    Scenario {
        id: "endless",
        title: "data without end",
        story: "The server answers with a message that never ends, by mistake or on purpose. A \
                careless program fills its memory. Before you press a key: how much should a \
                program read before it gives up?",
        expects: &["tls.too-much-data"],
        address: "https://localhost:PORT",
        recipe: recipes::endless,
    },
    Scenario {
        id: "refused",
        title: "nothing listens",
        story: "The service was moved to another machine, and the old port is closed. Every \
                program says “connection refused”, and it says so at once. Before you press a \
                key: why is a quick no a good sign?",
        expects: &["net.refused"],
        address: "https://localhost:PORT",
        recipe: recipes::refused,
    },
    Scenario {
        id: "no-such-name",
        title: "no such name",
        story: "There is a slip in the name, or it exists only inside of the company's network. \
                Every program says that it cannot resolve the host. Before you press a key: whom \
                does your machine ask, and in which order?",
        expects: &["net.no-such-name"],
        address: "https://does-not-exist.invalid",
        recipe: recipes::no_such_name,
    },
    Scenario {
        id: "no-file",
        title: "a file that is not there",
        story: "A colleague sent the path of a certificate, and the path exists on the \
                colleague's machine. Programs say “no such file”, or claim that the certificate \
                is bad. Before you press a key: which words would you want to read?",
        expects: &["file.unreadable"],
        address: "FILE",
        recipe: recipes::no_file,
    },
    Scenario {
        id: "file-without-certificate",
        title: "a file without certificate",
        story: "The file is called certificate.pem and holds a public key. Programs say “no \
                start line” or “unable to load certificate”. Before you press a key: what is in \
                a certificate that is not in a key?",
        expects: &["file.no-certificate"],
        address: "FILE",
        recipe: recipes::file_without_certificate,
    },
    Scenario {
        id: "file-with-broken-part",
        title: "a file with a broken part",
        story: "Three certificates were pasted into a chat and back, and one lost some letters \
                on the way. Some programs stop there, others read on and say nothing. Before you \
                press a key: which of the two would you rather have?",
        expects: &["file.unreadable-part"],
        address: "FILE",
        recipe: recipes::file_with_broken_part,
    },
];
