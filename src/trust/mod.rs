//! Trusting one certificate, safely and reversibly.
