//! The rules of finding, each over a machine made for it. `home` is /home/me, the working directory /work/project.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::*;

#[derive(Default)]
struct Machine {
    vars: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    commands: BTreeMap<String, String>,
}

impl Machine {
    fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Answers a command whose line begins with `line`.
    fn command(mut self, line: &str, output: &str) -> Self {
        self.commands.insert(line.to_owned(), output.to_owned());
        self
    }

    fn found(&self, ecosystem: Ecosystem) -> Result<Found, AddressError> {
        find(ecosystem, &Settings::default(), self)
    }

    /// The URL that is found, and that its source is told with `word`.
    #[track_caller]
    fn check(&self, ecosystem: Ecosystem, url: &str, word: &str) {
        let found = self.found(ecosystem).unwrap();
        assert_eq!(found.url, url);
        assert!(found.source.contains(word), "{}", found.source);
    }
}

impl Environment for Machine {
    fn vars(&self) -> &BTreeMap<String, String> {
        &self.vars
    }

    fn home(&self) -> Option<&Path> {
        Some(Path::new("/home/me"))
    }

    fn cwd(&self) -> &Path {
        Path::new("/work/project")
    }

    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        match self.files.get(path.to_str().unwrap()) {
            Some(text) if text == "(no permission)" => Err(io::ErrorKind::PermissionDenied.into()),
            text => Ok(text.cloned()),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.contains_key(path.to_str().unwrap())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let line = format!("{program} {}", arguments.join(" "));
        self.commands.iter().find(|(known, _)| line.starts_with(*known)).map(|(_, output)| output.clone())
    }
}

mod explicit {
    use super::*;

    #[test]
    fn flag_before_variable_before_file_before_the_client() {
        let machine = Machine::default().var("npm_config_registry", "http://127.0.0.1/client");
        let mut settings = Settings { file_path: Some("/etc/gleaner.toml".into()), ..Settings::default() };
        let url = |settings: &Settings, machine: &Machine| find(Ecosystem::Npm, settings, machine).unwrap();
        assert_eq!(url(&settings, &machine).url, "http://127.0.0.1/client/");
        settings.file.insert(Ecosystem::Npm, "http://127.0.0.1/file".to_owned());
        let found = url(&settings, &machine);
        assert_eq!(found.url, "http://127.0.0.1/file/");
        assert_eq!(found.source, "registries.npm in `/etc/gleaner.toml`");
        let machine = machine.var("GLEANER_REGISTRY_NPM", "http://127.0.0.1/variable/");
        assert_eq!(url(&settings, &machine).source, "the environment variable `GLEANER_REGISTRY_NPM`");
        let settings = settings.with_flags(&["npm=http://127.0.0.1/old", "npm=http://127.0.0.1/flag"]).unwrap();
        assert_eq!(url(&settings, &machine).url, "http://127.0.0.1/flag/");
    }

    #[test]
    fn a_flag_that_is_not_understood_is_repeated_without_secrets() {
        for flag in ["npm", "gem=http://127.0.0.1/", "npm=", "http://me:hunter2@mirror.example/"] {
            let error = Settings::default().with_flags(&[flag]).unwrap_err();
            assert!(matches!(error, AddressError::Flag { .. }));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn nothing_at_all_says_what_to_give() {
        for (ecosystem, words) in [
            (Ecosystem::Npm, ["--registry npm=URL", "GLEANER_REGISTRY_NPM", "registries.npm"]),
            (Ecosystem::Pypi, ["--registry pypi=URL", "GLEANER_REGISTRY_PYPI", "registries.pypi"]),
        ] {
            let error = Machine::default().found(ecosystem).unwrap_err();
            assert_eq!(error, AddressError::NotFound { ecosystem });
            assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
        }
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_an_error_and_not_passed_over() {
        let machine = Machine::default().command("npm config", "http://127.0.0.1/npm/");
        let machine = machine.file("/home/me/.npmrc", "registry=https://me:hunter2@mirror.example/");
        let error = machine.found(Ecosystem::Npm).unwrap_err();
        assert!(matches!(&error, AddressError::Credentials { origin } if origin.contains("/home/me/.npmrc")));
        let machine = machine.file("/work/project/.npmrc", "(no permission)");
        assert!(matches!(machine.found(Ecosystem::Npm), Err(AddressError::Unreadable { .. })));
    }
}

mod cargo {
    use super::*;

    const HOME: &str = "/home/me/.cargo/config.toml";
    const NEAR: &str = "/work/.cargo/config.toml";

    fn fails(machine: &Machine) -> AddressError {
        machine.found(Ecosystem::Cargo).unwrap_err()
    }

    #[test]
    fn without_settings_the_published_constant_holds() {
        let found = Machine::default().found(Ecosystem::Cargo).unwrap();
        assert!(found.source.contains("tame-index"));
        assert_eq!(format!("sparse+{}", found.url), tame_index::CRATES_IO_HTTP_INDEX);
    }

    #[test]
    fn replacement_is_followed_over_files_and_environment() {
        let home = "[source.crates-io]\nreplace-with = 'one'\n[source.one]\nreplace-with = 'my-two'";
        let machine = Machine::default().file(HOME, home);
        assert!(matches!(fails(&machine), AddressError::UnknownSource { name, .. } if name == "my-two"));
        let near = "[source.my-two]\nregistry = 'sparse+https://mirror.example/index'";
        let machine = machine.file(NEAR, near);
        machine.check(Ecosystem::Cargo, "https://mirror.example/index/", NEAR);
        let machine = machine.var("CARGO_SOURCE_MY_TWO_REGISTRY", "sparse+http://127.0.0.1/two/");
        machine.check(Ecosystem::Cargo, "http://127.0.0.1/two/", "CARGO_SOURCE_MY_TWO_REGISTRY");
        let machine = machine.var("CARGO_REGISTRIES_CRATES_IO_INDEX", "sparse+http://127.0.0.1/index/");
        machine.check(Ecosystem::Cargo, "http://127.0.0.1/index/", "CARGO_REGISTRIES_CRATES_IO_INDEX");
    }

    #[test]
    fn nearer_files_win_and_the_older_name_too() {
        let to = |name: &str| {
            format!(
                "[source.crates-io]\nreplace-with = '{name}'\n[registries.{name}]\nindex = 'sparse+http://127.0.0.1/{name}'"
            )
        };
        let machine = Machine::default().file(HOME, &to("home")).file(NEAR, &to("near"));
        machine.check(Ecosystem::Cargo, "http://127.0.0.1/near/", "registries.near.index");
        let machine = machine.file("/work/.cargo/config", &to("older"));
        machine.check(Ecosystem::Cargo, "http://127.0.0.1/older/", "/work/.cargo/config`");
        let machine = Machine::default().var("CARGO_HOME", "/opt/cargo").file(HOME, &to("home"));
        let machine = machine.file("/opt/cargo/config.toml", &to("opt"));
        machine.check(Ecosystem::Cargo, "http://127.0.0.1/opt/", "/opt/cargo");
    }

    #[test]
    fn loops_and_other_kinds_of_source_are_refused() {
        let head = "[source.crates-io]\nreplace-with = 'a'\n";
        let with = |rest: &str| Machine::default().file(HOME, &format!("{head}{rest}"));
        let AddressError::Loop { names } =
            fails(&with("[source.a]\nreplace-with = 'b'\n[source.b]\nreplace-with = 'a'"))
        else {
            panic!("no loop found")
        };
        assert_eq!(names, ["crates-io", "a", "b", "a"]);
        for (rest, word) in [
            ("[source.a]\ndirectory = 'vendor'", "vendored"),
            ("[source.a]\nlocal-registry = 'x'", "local registry"),
            ("[source.a]\ngit = 'https://mirror.example/x'", "git repository"),
            ("[source.a]\nregistry = 'https://mirror.example/git'", "index in a git repository"),
        ] {
            let error = fails(&with(rest));
            assert!(matches!(error, AddressError::Unsupported { .. }));
            assert!(error.to_string().contains(word) && error.to_string().contains("source.a."), "{error}");
        }
    }

    #[test]
    fn files_that_make_no_sense_are_named() {
        for text in ["[source", "[source.crates-io]\nreplace-with = 3"] {
            let error = fails(&Machine::default().file(HOME, text));
            assert!(matches!(&error, AddressError::Malformed { .. }) && error.to_string().contains(HOME), "{error}");
        }
    }
}

mod npm {
    use super::*;

    #[test]
    fn environment_project_user_global_and_the_client_in_this_order() {
        let machine = Machine::default().command("npm config get registry", "http://127.0.0.1/client/");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/client/", "installed npm");
        let machine = machine.var("PREFIX", "/usr").file("/usr/etc/npmrc", "registry=http://127.0.0.1/global");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/global/", "/usr/etc/npmrc");
        let machine = machine.file("/home/me/.npmrc", "registry=http://127.0.0.1/user");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/user/", "/home/me/.npmrc");
        let machine = machine.file("/work/project/.npmrc", "registry=http://${NAME}/project").var("NAME", "127.0.0.1");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/project/", "/work/project/.npmrc");
        let machine = machine.var("NPM_CONFIG_REGISTRY", "http://127.0.0.1/capitals");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/capitals/", "NPM_CONFIG_REGISTRY");
        let machine = machine.var("npm_config_registry", "http://127.0.0.1/small");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/small/", "npm_config_registry");
    }

    #[test]
    fn files_move_with_their_settings() {
        let machine = Machine::default().var("NPM_CONFIG_USERCONFIG", "/etc/mine");
        let machine = machine.file("/home/me/.npmrc", "registry=http://127.0.0.1/home");
        assert!(machine.found(Ecosystem::Npm).is_err());
        let machine = machine.file("/etc/mine", "registry=http://127.0.0.1/mine");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/mine/", "/etc/mine");
        // The project's root is where its package.json is.
        let machine = machine.file("/work/package.json", "{}").file("/work/.npmrc", "registry=http://127.0.0.1/root");
        machine.check(Ecosystem::Npm, "http://127.0.0.1/root/", "/work/.npmrc");
    }

    #[test]
    fn no_value_is_no_address() {
        let machine = Machine::default().command("npm", "undefined").var("npm_config_registry", "");
        assert_eq!(machine.found(Ecosystem::Npm), Err(AddressError::NotFound { ecosystem: Ecosystem::Npm }));
    }
}

mod pypi {
    use super::*;

    #[test]
    fn uv_before_pip_and_the_installed_pip_last() {
        let machine = Machine::default().command("python3 -c", "http://127.0.0.1/carried");
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/carried/", "installed pip carries");
        let machine = machine.command("python3 -m pip config get", "http://127.0.0.1/asked");
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/asked/", "pip config get");
        let conf = |name: &str| format!("[global]\nindex-url = http://127.0.0.1/{name}\n");
        let machine = machine.file("/etc/pip.conf", &conf("machine"));
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/machine/", "/etc/pip.conf");
        let machine = machine.file("/home/me/.config/pip/pip.conf", &conf("user"));
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/user/", "/home/me");
        let machine = machine.var("PIP_INDEX_URL", "http://127.0.0.1/pip");
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/pip/", "PIP_INDEX_URL");
        let machine = machine.file("/home/me/.config/uv/uv.toml", "index-url = 'http://127.0.0.1/uv'");
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/uv/", "uv.toml");
        let machine = machine.var("UV_INDEX_URL", "http://127.0.0.1/old");
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/old/", "UV_INDEX_URL");
        let machine = machine.var("UV_DEFAULT_INDEX", "mine=http://127.0.0.1/new");
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/new/", "UV_DEFAULT_INDEX");
    }

    #[test]
    fn pip_files_as_pip_reads_them() {
        let conf = |section: &str, name: &str| format!("[{section}]\nindex-url = http://127.0.0.1/{name}\n");
        let user = "/home/me/.pip/pip.conf";
        let machine =
            Machine::default().file(user, &conf("global", "user")).file("/etc/pip.conf", &conf("install", "x"));
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/x/", "`[install]`");
        let machine = Machine::default().file(user, &conf("global", "user")).file("/x", &conf("global", "named"));
        let named = machine.var("PIP_CONFIG_FILE", "/x");
        named.check(Ecosystem::Pypi, "http://127.0.0.1/named/", "`/x`");
        assert!(named.file("/x", "").found(Ecosystem::Pypi).is_err(), "a named file hides the user's");
        let none = Machine::default().file(user, &conf("global", "user")).var("PIP_CONFIG_FILE", "/dev/null");
        assert!(none.found(Ecosystem::Pypi).is_err());
        let site = Machine::default().var("VIRTUAL_ENV", "/v").file("/v/pip.conf", &conf("global", "site"));
        site.file(user, &conf("global", "user")).check(Ecosystem::Pypi, "http://127.0.0.1/site/", "/v/pip.conf");
    }

    #[test]
    fn uv_files_as_uv_reads_them() {
        let index = |name: &str, default: bool| {
            format!("[[index]]\nname = 'x'\nurl = 'http://127.0.0.1/{name}'\ndefault = {default}\n")
        };
        let both = index("extra", false) + &index("default", true);
        let machine = Machine::default().file("/work/uv.toml", &both);
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/default/", "/work/uv.toml");
        let project = "[tool.uv]\nindex-url = 'http://127.0.0.1/project'";
        let machine = machine.file("/work/project/pyproject.toml", project);
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/project/", "pyproject.toml");
        // A pyproject.toml without `tool.uv` is not uv's project.
        let machine = machine.file("/work/project/pyproject.toml", "[project]\nname = 'x'");
        machine.check(Ecosystem::Pypi, "http://127.0.0.1/default/", "/work/uv.toml");
        assert!(machine.var("UV_NO_CONFIG", "1").found(Ecosystem::Pypi).is_err());
        let machine = Machine::default().file("/etc/uv/uv.toml", "index-url = ");
        assert!(matches!(machine.found(Ecosystem::Pypi), Err(AddressError::Malformed { .. })));
    }
}
