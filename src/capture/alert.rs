//! Alerts of TLS and their names.

/// A TLS alert (RFC 8446, section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Number on the wire.
    pub code: u8,
    /// Its name in the RFC, such as `handshake_failure`; `alert 255` when no RFC names it.
    pub name: String,
}

impl Alert {
    /// The alert with this number.
    pub fn of(code: u8) -> Self {
        let name = Self::rfc_name(code).map_or_else(|| format!("alert {code}"), str::to_owned);
        Self { code, name }
    }

    /// The name in RFC 8446 and its forerunners.
    pub fn rfc_name(code: u8) -> Option<&'static str> {
        Some(match code {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            21 => "decryption_failed",
            22 => "record_overflow",
            30 => "decompression_failure",
            40 => "handshake_failure",
            41 => "no_certificate",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            60 => "export_restriction",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            111 => "certificate_unobtainable",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            114 => "bad_certificate_hash_value",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            121 => "ech_required",
            _ => return None,
        })
    }
}
