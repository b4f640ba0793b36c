//! What several test modules share.

pub mod mint;
pub mod programs;

/// Where a foreign program is. Absent: fails under `CI=true`, elsewhere says that the test is skipped.
pub fn peer(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|p| p.is_file());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{name} is not installed"
        );
        eprintln!("skipped: {name} is not installed");
    }
    found
}
