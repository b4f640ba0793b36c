//! The values of known extensions (RFC 5280 section 4.2 and the common others), read without losing
//! the difference between absent, readable with faults, and malformed.

use std::net::IpAddr;

use super::asn1::{
    self, BIT_STRING, BOOLEAN, Element, Elements, INTEGER, NULL, OCTET_STRING, SEQUENCE,
};
use super::extension::{
    AccessDescription, ExtensionValue, GeneralName, KeyUsage, Policy, Sct, boolean_fault,
    constraint_fault,
};
use super::name::{self, Name};
use super::oid::Oid;
use crate::moment::Moment;
use crate::text::Untrusted;

const CUT: &str = "its bytes are cut off or are no DER";
const TYPE: &str = "a part of it has another type than it should have";
const MORE: &str = "it holds something that does not belong there";
const NUMBER: &str = "a number in it is negative or much too large";

/// Decodes the content of an extension's OCTET STRING. What is against the rules but still has one
/// meaning goes to `faults`.
pub(super) fn decode(oid: &str, content: &[u8], faults: &mut Vec<&'static str>) -> ExtensionValue {
    let mut reader = Reader { faults };
    match reader.known(oid, content) {
        Ok(value) => value,
        Err(why) => ExtensionValue::Malformed(why.to_owned()),
    }
}

struct Reader<'f> {
    faults: &'f mut Vec<&'static str>,
}

impl Reader<'_> {
    fn fault(&mut self, words: &'static str) {
        if !self.faults.contains(&words) {
            self.faults.push(words);
        }
    }

    fn known(&mut self, oid: &str, content: &[u8]) -> Result<ExtensionValue, &'static str> {
        use ExtensionValue as V;
        Ok(match oid {
            "2.5.29.14" => V::SubjectKeyId(self.one(content, OCTET_STRING)?.content.to_vec()),
            "2.5.29.15" => V::KeyUsage(self.key_usage(content)?),
            "2.5.29.17" => {
                let list = self.list(content)?;
                V::SubjectAltName(self.names(list)?)
            }
            "2.5.29.18" => {
                let list = self.list(content)?;
                V::IssuerAltName(self.names(list)?)
            }
            "2.5.29.19" => self.basic_constraints(content)?,
            "2.5.29.30" => self.name_constraints(content)?,
            "2.5.29.31" => V::CrlDistributionPoints(self.distribution_points(content)?),
            "2.5.29.32" => V::CertificatePolicies(self.policies(content)?),
            "2.5.29.33" => V::PolicyMappings(self.policy_mappings(content)?),
            "2.5.29.35" => self.authority_key_id(content)?,
            "2.5.29.36" => self.policy_constraints(content)?,
            "2.5.29.37" => V::ExtendedKeyUsage(self.usages(content)?),
            "2.5.29.46" => V::FreshestCrl(self.distribution_points(content)?),
            "2.5.29.54" => V::InhibitAnyPolicy(number(self.one(content, INTEGER)?.content)?),
            "1.3.6.1.5.5.7.1.1" => V::AuthorityInfoAccess(self.accesses(content)?),
            "1.3.6.1.5.5.7.1.11" => V::SubjectInfoAccess(self.accesses(content)?),
            "1.3.6.1.5.5.7.1.24" => V::TlsFeature(self.features(content)?),
            "1.3.6.1.4.1.11129.2.4.2" => V::SignedCertificateTimestamps(self.timestamps(content)?),
            "1.3.6.1.4.1.11129.2.4.3" => {
                self.one(content, NULL)?;
                V::CtPoison
            }
            "2.16.840.1.113730.1.1" => {
                let bits = self.one(content, BIT_STRING)?;
                V::NetscapeCertType(bits.content.get(1).copied().unwrap_or(0))
            }
            "2.16.840.1.113730.1.13" => {
                let text = Element::read(content, 0).ok_or(CUT)?;
                let text = name::decode(text.tag, text.content).ok_or(TYPE)?;
                V::NetscapeComment(Untrusted::new(text))
            }
            _ => V::Unknown,
        })
    }

    /// The one element of this type that the content must be.
    fn one<'a>(&mut self, content: &'a [u8], tag: u8) -> Result<Element<'a>, &'static str> {
        let element = Element::read(content, 0).ok_or(CUT)?;
        if element.tag != tag {
            return Err(TYPE);
        }
        if element.whole.len() < content.len() {
            self.fault("there are bytes after its value");
        }
        if !asn1::is_strict(element.whole) {
            self.fault("a length in it is not encoded in the shortest form, as DER demands");
        }
        Ok(element)
    }

    /// The parts of the SEQUENCE OF that the content must be; an empty one is a fault.
    fn list<'a>(&mut self, content: &'a [u8]) -> Result<Elements<'a>, &'static str> {
        let list = self.one(content, SEQUENCE)?;
        if list.content.is_empty() {
            self.fault("it is empty");
        }
        Ok(list.inside())
    }

    fn basic_constraints(&mut self, content: &[u8]) -> Result<ExtensionValue, &'static str> {
        let mut parts = self.one(content, SEQUENCE)?.inside();
        let ca = match parts.take_tag(BOOLEAN) {
            Some(flag) => {
                let ca = self.boolean(flag.content)?;
                if !ca {
                    self.fault("it writes out the default value FALSE, which DER forbids");
                }
                ca
            }
            None => false,
        };
        let path_len = match parts.take_tag(INTEGER) {
            Some(length) => Some(number(length.content)?),
            None => None,
        };
        end(&parts)?;
        Ok(ExtensionValue::BasicConstraints { ca, path_len })
    }

    fn boolean(&mut self, content: &[u8]) -> Result<bool, &'static str> {
        match content {
            [0] => Ok(false),
            [0xff] => Ok(true),
            [_] => {
                self.fault(boolean_fault::VALUE);
                Ok(true)
            }
            _ => Err(TYPE),
        }
    }

    fn key_usage(&mut self, content: &[u8]) -> Result<KeyUsage, &'static str> {
        let bits = self.one(content, BIT_STRING)?;
        let (&unused, octets) = bits.content.split_first().ok_or(CUT)?;
        if unused > 7 || (unused > 0 && octets.is_empty()) {
            return Err("it claims more unused bits than there are");
        }
        if let Some(last) = octets.last() {
            if last & ((1u16 << unused) - 1) as u8 != 0 {
                self.fault("bits that it calls unused are set");
            } else if u32::from(unused) != last.trailing_zeros().min(8) {
                self.fault("it has zero bits at its end, which DER forbids");
            }
        }
        let mut usage = 0;
        for (index, octet) in octets.iter().take(2).enumerate() {
            usage |= u16::from(octet.reverse_bits()) << (8 * index);
        }
        if usage == 0 {
            self.fault("it allows no use at all");
        }
        if octets.len() > 2 || usage > 0x1ff {
            self.fault("it has bits that no standard defines");
        }
        Ok(KeyUsage(usage))
    }

    fn usages(&mut self, content: &[u8]) -> Result<Vec<Oid>, &'static str> {
        let mut parts = self.list(content)?;
        let usages = parts.by_ref().map(|e| oid(&e)).collect::<Result<_, _>>()?;
        end(&parts)?;
        Ok(usages)
    }

    fn names(&mut self, mut parts: Elements<'_>) -> Result<Vec<GeneralName>, &'static str> {
        let mut names = Vec::new();
        for element in parts.by_ref() {
            names.push(self.general_name(&element, false));
        }
        end(&parts)?;
        Ok(names)
    }

    /// One GeneralName; inside name constraints an address carries its mask.
    fn general_name(&mut self, element: &Element<'_>, constraint: bool) -> GeneralName {
        let content = element.content;
        let text = Untrusted::from_bytes(content);
        let invalid = || GeneralName::Invalid {
            tag: element.tag & 0x1f,
            raw: content.to_vec(),
        };
        if matches!(element.tag, 0x81 | 0x82 | 0x86) && !content.is_ascii() {
            self.fault("a name in it has bytes outside of ASCII");
        }
        let name = match element.tag {
            0xa0 => {
                let mut parts = element.inside();
                let oid = parts.take_tag(asn1::OID).and_then(|o| oid(&o).ok());
                match (oid, parts.next()) {
                    (Some(oid), Some(value)) => GeneralName::Other {
                        oid,
                        raw: value.content.to_vec(),
                    },
                    _ => invalid(),
                }
            }
            0x81 => GeneralName::Email(text),
            0x82 => GeneralName::Dns(text),
            0xa3 => GeneralName::X400(content.to_vec()),
            0xa4 => match element.inside().take_tag(SEQUENCE) {
                Some(inner) => {
                    let name = Name::read(&inner);
                    if !Name::is_whole(&inner) {
                        self.fault(
                            "a part of a directory name in it is empty or could not be read",
                        );
                    }
                    GeneralName::Directory(name)
                }
                None => invalid(),
            },
            0xa5 => GeneralName::EdiParty(content.to_vec()),
            0x86 => GeneralName::Uri(text),
            0x87 if constraint => {
                let half = content.len() / 2;
                let (address, mask) = content.split_at_checked(half).unwrap_or_default();
                match (address_of(address), address_of(mask)) {
                    (Some(address), Some(mask)) => {
                        if !is_prefix(mask) {
                            self.fault("an address mask in it has holes");
                        }
                        GeneralName::IpRange { address, mask }
                    }
                    _ => invalid(),
                }
            }
            0x87 => address_of(content).map_or_else(invalid, GeneralName::Ip),
            0x88 => asn1::dotted(content)
                .map(Oid::new)
                .map_or_else(invalid, GeneralName::RegisteredId),
            _ => invalid(),
        };
        if matches!(name, GeneralName::Invalid { .. }) {
            self.fault("a name in it could not be read");
        }
        name
    }

    fn authority_key_id(&mut self, content: &[u8]) -> Result<ExtensionValue, &'static str> {
        let mut parts = self.one(content, SEQUENCE)?.inside();
        let key_id = parts.take_tag(0x80).map(|e| e.content.to_vec());
        let issuer = match parts.take_tag(0xa1) {
            Some(names) => self.names(names.inside())?,
            None => Vec::new(),
        };
        let serial = parts.take_tag(0x82).map(|e| e.content.to_vec());
        end(&parts)?;
        if issuer.is_empty() != serial.is_none() {
            self.fault("issuer and serial number must stand in it together");
        }
        Ok(ExtensionValue::AuthorityKeyId {
            key_id,
            issuer,
            serial,
        })
    }

    fn name_constraints(&mut self, content: &[u8]) -> Result<ExtensionValue, &'static str> {
        let mut parts = self.list(content)?;
        let mut subtrees = |tag| match parts.take_tag(tag) {
            Some(list) => self.subtrees(&list),
            None => Ok(Vec::new()),
        };
        let permitted = subtrees(0xa0)?;
        let excluded = subtrees(0xa1)?;
        end(&parts)?;
        Ok(ExtensionValue::NameConstraints {
            permitted,
            excluded,
        })
    }

    fn subtrees(&mut self, list: &Element<'_>) -> Result<Vec<GeneralName>, &'static str> {
        let mut bases = Vec::new();
        let mut parts = list.inside();
        for subtree in parts.by_ref() {
            if subtree.tag != SEQUENCE {
                return Err(TYPE);
            }
            let mut of_subtree = subtree.inside();
            let base = of_subtree.next().ok_or(CUT)?;
            bases.push(self.general_name(&base, true));
            match of_subtree.take_tag(0x80) {
                Some(minimum) if minimum.content != [0] => {
                    self.fault(constraint_fault::MINIMUM);
                }
                Some(_) => self.fault(constraint_fault::MINIMUM_ZERO),
                None => {}
            }
            if of_subtree.take_tag(0x81).is_some() {
                self.fault(constraint_fault::MAXIMUM);
            }
            end(&of_subtree)?;
        }
        end(&parts)?;
        if bases.is_empty() {
            self.fault(constraint_fault::EMPTY_LIST);
        }
        Ok(bases)
    }

    fn policies(&mut self, content: &[u8]) -> Result<Vec<Policy>, &'static str> {
        let mut policies: Vec<Policy> = Vec::new();
        let mut parts = self.list(content)?;
        for information in parts.by_ref() {
            let mut of_policy = sequence(&information)?;
            let policy = oid(&of_policy.next().ok_or(CUT)?)?;
            let qualifiers = match of_policy.take_tag(SEQUENCE) {
                Some(list) => list.inside().filter_map(|q| qualifier(&q)).collect(),
                None => Vec::new(),
            };
            end(&of_policy)?;
            if policies.iter().any(|p| p.oid == policy) {
                self.fault("it names a policy twice");
            }
            policies.push(Policy {
                oid: policy,
                qualifiers,
            });
        }
        end(&parts)?;
        Ok(policies)
    }

    fn policy_mappings(&mut self, content: &[u8]) -> Result<Vec<(Oid, Oid)>, &'static str> {
        let mut parts = self.list(content)?;
        let mappings = parts
            .by_ref()
            .map(|mapping| {
                let mut pair = sequence(&mapping)?;
                let from = oid(&pair.next().ok_or(CUT)?)?;
                let to = oid(&pair.next().ok_or(CUT)?)?;
                end(&pair)?;
                Ok((from, to))
            })
            .collect::<Result<_, &'static str>>()?;
        end(&parts)?;
        Ok(mappings)
    }

    fn policy_constraints(&mut self, content: &[u8]) -> Result<ExtensionValue, &'static str> {
        let mut parts = self.list(content)?;
        let mut skip = |tag| match parts.take_tag(tag) {
            Some(certificates) => number(certificates.content).map(Some),
            None => Ok(None),
        };
        let require_explicit = skip(0x80)?;
        let inhibit_mapping = skip(0x81)?;
        end(&parts)?;
        Ok(ExtensionValue::PolicyConstraints {
            require_explicit,
            inhibit_mapping,
        })
    }

    fn accesses(&mut self, content: &[u8]) -> Result<Vec<AccessDescription>, &'static str> {
        let mut list = Vec::new();
        let mut parts = self.list(content)?;
        for description in parts.by_ref() {
            let mut pair = sequence(&description)?;
            let method = oid(&pair.next().ok_or(CUT)?)?;
            let location = pair.next().ok_or(CUT)?;
            list.push(AccessDescription {
                method,
                location: self.general_name(&location, false),
            });
            end(&pair)?;
        }
        end(&parts)?;
        Ok(list)
    }

    fn distribution_points(&mut self, content: &[u8]) -> Result<Vec<GeneralName>, &'static str> {
        let mut addresses = Vec::new();
        let mut parts = self.list(content)?;
        for point in parts.by_ref() {
            let mut of_point = sequence(&point)?;
            if let Some(full) = of_point
                .take_tag(0xa0)
                .and_then(|n| n.inside().take_tag(0xa0))
            {
                addresses.extend(self.names(full.inside())?);
            }
            // Reasons and an indirect issuer; the field tree shows them from the bytes.
            of_point.take_tag(0x81);
            of_point.take_tag(0xa2);
            end(&of_point)?;
        }
        end(&parts)?;
        Ok(addresses)
    }

    fn features(&mut self, content: &[u8]) -> Result<Vec<u16>, &'static str> {
        let mut parts = self.list(content)?;
        let features = parts
            .by_ref()
            .map(|e| {
                let n = number(e.content)?;
                u16::try_from(n).map_err(|_| NUMBER)
            })
            .collect::<Result<_, _>>()?;
        end(&parts)?;
        Ok(features)
    }

    fn timestamps(&mut self, content: &[u8]) -> Result<Vec<Sct>, &'static str> {
        let list = self.one(content, OCTET_STRING)?.content;
        let (length, mut rest) = list.split_at_checked(2).ok_or(CUT)?;
        if length.iter().fold(0, |n, &b| (n << 8) | usize::from(b)) != rest.len() {
            return Err("the length of the list of timestamps is wrong");
        }
        let mut timestamps = Vec::new();
        while !rest.is_empty() {
            let (after, sct) = x509_parser::extensions::parse_ct_signed_certificate_timestamp(rest)
                .map_err(|_| "a timestamp in it could not be read")?;
            let seconds = i64::try_from(sct.timestamp / 1_000).unwrap_or(i64::MAX);
            timestamps.push(Sct {
                version: sct.version.0,
                log_id: *sct.id.key_id,
                at: Moment::from_unix(seconds),
                millis: sct.timestamp,
                extensions: sct.extensions.0.to_vec(),
                hash: sct.signature.hash_alg_id,
                signature_kind: sct.signature.sign_alg_id,
                signature: sct.signature.data.to_vec(),
            });
            rest = after;
        }
        if timestamps.is_empty() {
            self.fault("it is empty");
        }
        Ok(timestamps)
    }
}

/// Nothing may be left.
fn end(parts: &Elements<'_>) -> Result<(), &'static str> {
    if parts.rest().is_empty() {
        Ok(())
    } else {
        Err(MORE)
    }
}

fn sequence<'a>(element: &Element<'a>) -> Result<Elements<'a>, &'static str> {
    if element.tag == SEQUENCE {
        Ok(element.inside())
    } else {
        Err(TYPE)
    }
}

fn oid(element: &Element<'_>) -> Result<Oid, &'static str> {
    if element.tag != asn1::OID {
        return Err(TYPE);
    }
    asn1::dotted(element.content)
        .map(Oid::new)
        .ok_or("an object identifier in it could not be read")
}

fn number(content: &[u8]) -> Result<u32, &'static str> {
    asn1::small(content).ok_or(NUMBER)
}

/// A CPS address, or the texts of a user notice (RFC 5280 section 4.2.1.4); `None` when it has none.
fn qualifier(element: &Element<'_>) -> Option<Untrusted> {
    let mut parts = element.inside();
    parts.take_tag(asn1::OID)?;
    let value = parts.next()?;
    if let Some(text) = name::decode(value.tag, value.content) {
        return Some(Untrusted::new(text));
    }
    let mut texts = Vec::new();
    for part in value.inside() {
        match name::decode(part.tag, part.content) {
            Some(text) => texts.push(text),
            // A notice reference: organisation and numbers.
            None => texts.extend(part.inside().filter_map(|p| name::decode(p.tag, p.content))),
        }
    }
    (!texts.is_empty()).then(|| Untrusted::new(texts.join(" · ")))
}

fn address_of(content: &[u8]) -> Option<IpAddr> {
    match content.len() {
        4 => <[u8; 4]>::try_from(content).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(content).ok().map(IpAddr::from),
        _ => None,
    }
}

/// The mask is ones followed by zeros.
fn is_prefix(mask: IpAddr) -> bool {
    match mask {
        IpAddr::V4(m) => u32::from(m).leading_ones() + u32::from(m).trailing_zeros() >= 32,
        IpAddr::V6(m) => u128::from(m).leading_ones() + u128::from(m).trailing_zeros() >= 128,
    }
}
