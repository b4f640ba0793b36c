//! The certificate is for other names: which ones would do, why the near ones do not, and how to try them.

use std::net::IpAddr;

use super::{Case, Finding, Subject, Who, clip, rule};
use crate::cert::GeneralName;
use crate::chain::NodeId;
use crate::net::Route;
use crate::target::{Endpoint, Host};
use crate::text;

/// Names offered at most.
const MOST_OFFERED: usize = 3;

pub(super) fn mismatch(
    case: &Case<'_>,
    leaf: NodeId,
    wanted: &str,
    presented: &[String],
) -> Finding {
    let names = if presented.is_empty() {
        "no name at all".to_owned()
    } else {
        text::list_and(presented)
    };
    let is_address = matches!(case.name, Some(Host::Ip(_)));
    let mut finding = if is_address {
        Finding::new(
            &rule::IP_NOT_IN_SAN,
            Subject::Node(leaf),
            format!("You asked for the address {wanted}, and the certificate does not list it: it is for {}.", clip(&names)),
        )
    } else {
        Finding::new(
            &rule::NAME_MISMATCH,
            Subject::Node(leaf),
            format!("The certificate is for {}, not for {}.", clip(&names), clip(wanted)),
        )
    }
    .saw("asked for", wanted.to_owned())
    .saw("certificate is for", names)
    .saw_some("why not", near_miss(case, leaf, wanted));
    for (name, addresses) in &case.further.resolved {
        let here = case
            .capture
            .peer
            .is_some_and(|peer| addresses.contains(&peer.ip()));
        let words = match (addresses.is_empty(), here) {
            (true, _) => format!("{} does not resolve", clip(name)),
            (_, true) => format!("{} resolves to this very address", clip(name)),
            _ => format!("{} resolves to {}", clip(name), listed(addresses)),
        };
        finding = finding.saw("resolver", words);
    }
    finding = offered(case, finding, wanted, presented);
    finding.fix(
        Who::ServerOwner,
        if is_address {
            format!("Have it issued again with {wanted} as IP address among its alternative names.")
        } else {
            format!(
                "Have it issued again with {} among its alternative names.",
                clip(wanted)
            )
        },
    )
}

fn listed(addresses: &[IpAddr]) -> String {
    let mut shown: Vec<String> = addresses.iter().take(4).map(ToString::to_string).collect();
    if addresses.len() > 4 {
        shown.push(format!("{} more", addresses.len() - 4));
    }
    text::list_and(&shown)
}

/// Why a name that looks right is not.
fn near_miss(case: &Case<'_>, leaf: NodeId, wanted: &str) -> Option<String> {
    let leaf = case.chain.certificate(leaf)?;
    let names: Vec<String> = leaf
        .subject_alt_names()
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(dns) => Some(dns.raw().to_lowercase()),
            _ => None,
        })
        .collect();
    let asked = wanted.to_lowercase();
    if matches!(case.name, Some(Host::Ip(_))) {
        return names.contains(&asked).then(|| {
            format!("{wanted} is listed as a DNS name; clients look for addresses only among the IP entries")
        });
    }
    names.iter().find_map(|name| {
        let shown = text::safe(name);
        let under = name.strip_prefix("*.");
        match under {
            Some(domain) if domain == asked => Some(format!(
                "{shown} covers the names below {domain}, not {domain} itself",
                domain = text::safe(domain)
            )),
            Some(domain)
                if asked
                    .strip_suffix(domain)
                    .is_some_and(|rest| rest.matches('.').count() > 1) =>
            {
                Some(format!(
                    "a wildcard such as {shown} stands for one label only"
                ))
            }
            None if asked.strip_prefix("www.") == Some(name)
                || name.strip_prefix("www.") == Some(asked.as_str()) =>
            {
                Some(format!(
                    "{shown} and {wanted} are two names, and only one is listed"
                ))
            }
            _ => None,
        }
    })
}

/// Names to connect by, those that lead here first, with the line to try them.
fn offered(case: &Case<'_>, mut finding: Finding, wanted: &str, presented: &[String]) -> Finding {
    let Some(endpoint) = case.capture.target.endpoint() else {
        return finding;
    };
    let leads_here = |name: &str| {
        case.further.resolved.iter().any(|(n, addresses)| {
            n == name
                && case
                    .capture
                    .peer
                    .is_some_and(|p| addresses.contains(&p.ip()))
        })
    };
    let mut usable: Vec<&String> = presented
        .iter()
        .filter(|n| !n.starts_with("*.") && !n.ends_with(" more") && n.as_str() != wanted)
        .collect();
    usable.sort_by_key(|name| !leads_here(name));
    let Some(first) = usable.first() else {
        return finding;
    };
    let asked_there = endpoint.connect.is_none() && endpoint.host.to_string() == **first;
    finding = if leads_here(first) {
        finding.fix_by(
            Who::You,
            format!(
                "Use the name {}, which leads to this very server.",
                clip(first)
            ),
            under(endpoint, first, false),
        )
    } else if asked_there {
        // Another name was wanted by an option.
        finding.fix_by(
            Who::You,
            format!("Ask for the name it is for: {}.", clip(first)),
            under(endpoint, first, false),
        )
    } else {
        finding.fix_by(
            Who::You,
            format!("Connect by a name it is for: {}.", clip(first)),
            under(endpoint, first, true),
        )
    };
    let direct = matches!(case.capture.route, Route::Direct);
    // A hosts file gives names to addresses, and every machine has this one already.
    let names: Vec<&str> = usable
        .iter()
        .map(|n| n.as_str())
        .filter(|n| n.parse::<IpAddr>().is_err() && *n != "localhost")
        .take(MOST_OFFERED)
        .collect();
    if let (false, true, false, Some(peer)) = (
        leads_here(first),
        direct,
        names.is_empty(),
        case.capture.peer,
    ) {
        finding = finding.fix_by(
            Who::You,
            "For every program of this machine: a line in the hosts file, if you run this server.",
            format!("{} {}", peer.ip(), names.join(" ")),
        );
    }
    if case.further.resolved.is_empty() && !usable.is_empty() {
        finding = finding.fix_by(
            Who::You,
            "Ask the resolver which of its names lead to this server.",
            format!("whycert inspect {} --resolve-names", case.typed()),
        );
    }
    finding
}

/// The line that asks the same server for this name; `there`: by the address that was reached.
fn under(endpoint: &Endpoint, name: &str, there: bool) -> String {
    let scheme = if endpoint.upgrade.is_none() {
        "https://"
    } else {
        ""
    };
    let host = match name.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) => format!("[{name}]"),
        _ => name.to_owned(),
    };
    let target = format!("{scheme}{host}:{}", endpoint.port);
    let mut line = format!("whycert {}", text::shell_quote(&target));
    if let Some(protocol) = endpoint.upgrade {
        line.push_str(&format!(" --starttls {}", protocol.id()));
    }
    if there {
        let to = match &endpoint.connect {
            Some((host, Some(port))) => format!("{host}:{port}"),
            Some((host, None)) => host.to_string(),
            None => endpoint.host.to_string(),
        };
        line.push_str(&format!(" --connect {}", text::shell_quote(&to)));
    }
    line
}
