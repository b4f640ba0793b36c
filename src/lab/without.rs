//! Rules that the lab cannot show, each with its reason. The scenarios themselves are in `table`.

/// Rules that no scenario can show on one machine without a network, and why.
pub const WITHOUT_SCENARIO: &[(&str, &str)] = &[
    (
        "net.unreachable",
        "every address of this machine can be reached from itself",
    ),
    (
        "proxy.unreachable",
        "a proxy is set with an option or the environment, not by a target",
    ),
    (
        "proxy.authentication",
        "a proxy is set with an option or the environment, not by a target",
    ),
    (
        "proxy.refused",
        "a proxy is set with an option or the environment, not by a target",
    ),
    (
        "proxy.not-a-proxy",
        "a proxy is set with an option or the environment, not by a target",
    ),
    (
        "cert.revocation-unknown",
        "lists of revoked certificates are given with files, to whycert verify",
    ),
    (
        "cert.strict-profile",
        "only strict clients refuse this, and the lab is judged by the standard",
    ),
    (
        "chain.policy",
        "it takes a CA that demands policies, and none of the lab's does",
    ),
    (
        "chain.budget",
        "it takes a chain made to overload programs; tests of the chain room build one",
    ),
    (
        "chain.verifiers-disagree",
        "verifiers that disagree are a fault of one of them; none is known here",
    ),
    (
        "proxy.leaked-key",
        "these CAs are known by their fingerprint, and the lab signs with keys of its own",
    ),
    (
        "env.file-missing",
        "variables and configuration belong to the machine, not to a server",
    ),
    (
        "env.no-certificate",
        "variables and configuration belong to the machine, not to a server",
    ),
    (
        "env.replaced-roots",
        "variables and configuration belong to the machine, not to a server",
    ),
    (
        "env.only-for-some",
        "variables and configuration belong to the machine, not to a server",
    ),
    (
        "env.overridden",
        "variables and configuration belong to the machine, not to a server",
    ),
    (
        "env.verification-off",
        "variables and configuration belong to the machine, not to a server",
    ),
    (
        "cert.revocation-unknown",
        "nothing is fetched, so a list of revoked certificates comes as a file: whycert verify --crl",
    ),
    (
        "cert.strict-profile",
        "the lab's certificates are what strict clients want; tests of the judge room mint others",
    ),
    (
        "chain.policy",
        "hardly anyone meets it on a server; tests of the judge room mint such chains",
    ),
    (
        "cert.profile",
        "nearly every program accepts such a certificate; tests of the judge room mint some",
    ),
    ("store.disagree", "the lab has one trust store"),
    (
        "store.unreadable",
        "the lab's trust store is always readable",
    ),
];
