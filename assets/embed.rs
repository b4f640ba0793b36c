//! The build script: turns the tables that every start reads from TOML, which people edit, into JSON,
//! which is read several times faster. A table that does not parse stops the build.

use std::path::Path;
use std::{env, fs};

/// Tables on the way to the first answer of `inspect`.
const TABLES: [&str; 2] = ["ca-settings", "interceptors"];

fn main() {
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    for table in TABLES {
        let file = format!("assets/{table}.toml");
        println!("cargo::rerun-if-changed={file}");
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
        let value: serde_json::Value =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let json = Path::new(&out).join(format!("{table}.json"));
        fs::write(&json, value.to_string()).unwrap_or_else(|e| panic!("{}: {e}", json.display()));
    }
    println!("cargo::rerun-if-changed=assets/embed.rs");
}
