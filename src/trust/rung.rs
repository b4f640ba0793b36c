//! The rungs of the ladder, least invasive first.

/// One way to trust a certificate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// This session of whycert only.
    Pretend,
    /// One command, by its variables.
    Command,
    /// git, for one server.
    Git,
    /// The Docker daemon, for one registry.
    Docker,
    /// Podman, Skopeo and Buildah, for one registry.
    Podman,
    /// Firefox, for one server.
    Firefox,
    /// pnpm, for one registry.
    Pnpm,
    /// Poetry, for one source.
    Poetry,
    /// PostgreSQL's clients.
    Postgres,
    /// What reads the project's `.env` or `.envrc`.
    Project,
    /// The user's bundle: public roots and the user's own.
    Bundle,
    /// The databases of Firefox and Chromium.
    Nss,
    /// Java, by a copy of its trust store.
    Java,
    /// Java's own trust store.
    JavaOwn,
    /// Everybody on this machine.
    System,
    /// The image of a container.
    Container,
}

impl Rung {
    /// All, least invasive first.
    pub const ALL: [Self; 16] = [
        Self::Pretend,
        Self::Command,
        Self::Git,
        Self::Docker,
        Self::Podman,
        Self::Firefox,
        Self::Pnpm,
        Self::Poetry,
        Self::Postgres,
        Self::Project,
        Self::Bundle,
        Self::Nss,
        Self::Java,
        Self::JavaOwn,
        Self::System,
        Self::Container,
    ];

    /// The stable name.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pretend => "pretend",
            Self::Command => "command",
            Self::Git => "git",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Firefox => "firefox",
            Self::Pnpm => "pnpm",
            Self::Poetry => "poetry",
            Self::Postgres => "postgres",
            Self::Project => "project",
            Self::Bundle => "bundle",
            Self::Nss => "nss",
            Self::Java => "java",
            Self::JavaOwn => "java-own",
            Self::System => "system",
            Self::Container => "container",
        }
    }

    /// The rung with this name.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.id() == id)
    }

    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Pretend => "pretend, in this session: nothing is written",
            Self::Command => "one command, started with the right variables",
            Self::Git => "git, for this server only",
            Self::Docker => "the Docker daemon, for this registry only",
            Self::Podman => "Podman and Skopeo, for this registry only",
            Self::Firefox => "Firefox, this certificate for this server only",
            Self::Pnpm => "pnpm, for this registry only",
            Self::Poetry => "Poetry, for this source only",
            Self::Postgres => "PostgreSQL's clients",
            Self::Project => "this project: variables in its .env or .envrc",
            Self::Bundle => "my bundle: one file with the public roots and mine",
            Self::Nss => "browsers: the databases of Firefox and Chromium",
            Self::Java => "Java, by a copy of its trust store",
            Self::JavaOwn => "Java's own trust store",
            Self::System => "the system store: everybody on this machine",
            Self::Container => "a container image: lines for its Dockerfile",
        }
    }

    /// Other programs change what they do as soon as it is written.
    pub fn touches_others(self) -> bool {
        !matches!(
            self,
            Self::Pretend
                | Self::Command
                | Self::Poetry
                | Self::Postgres
                | Self::Bundle
                | Self::Java
                | Self::Container
        )
    }

    /// It is for one server, and does not need a CA to be trusted for every site.
    pub fn is_scoped(self) -> bool {
        matches!(
            self,
            Self::Git
                | Self::Docker
                | Self::Podman
                | Self::Firefox
                | Self::Pnpm
                | Self::Poetry
                | Self::Postgres
                | Self::Pretend
                | Self::Command
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_has_its_own_name() {
        for rung in Rung::ALL {
            assert_eq!(Rung::named(rung.id()), Some(rung));
        }
        assert_eq!(Rung::named("off"), None);
    }
}
