//! A folder of policy files whose changes are in force at once.
//!
//! Of two files that give a policy of the same name, the one that was read later counts; when it goes away, or no longer
//! has the policy, that of the other one is back.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Policies, Policy, RESERVED, file};
use crate::watch::{Stamp, Watched};

/// The policies in force, to be replaced as a whole.
pub type LivePolicies = Arc<ArcSwap<Policies>>;

/// Why a policy file can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the policy file {}: {reason}", path.display())]
pub struct Fault {
    path: PathBuf,
    reason: String,
}

/// A folder of policy files.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<PathBuf, Known>,
    /// How often a file has been read.
    turn: u64,
    live: LivePolicies,
}

/// What is known of a file.
#[derive(Debug, Default)]
struct Known {
    stamp: Option<Stamp>,
    /// When its policies were read, in the order of reading.
    turn: u64,
    policies: BTreeMap<String, Policy>,
}

impl Folder {
    /// Reads the files of a folder. Files that can't be used are returned beside it: those whose policies are missing.
    ///
    /// # Errors
    /// When the folder itself can't be read.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Fault>)> {
        let live = Arc::new(ArcSwap::from_pointee(Policies::built_in()));
        let mut folder = Self { path: path.to_owned(), files: BTreeMap::new(), turn: 0, live };
        let faults = folder.look()?;
        Ok((folder, faults))
    }

    /// The policies in force, now and later.
    pub fn live(&self) -> LivePolicies {
        Arc::clone(&self.live)
    }

    /// Reads what has changed. A file that can't be used is a fault, and its policies stay what they were.
    fn look(&mut self) -> io::Result<Vec<Fault>> {
        let mut present = self.present()?;
        // Of files that are new at the same time, the one that was written last is the last.
        present.sort_by_key(|(path, stamp)| (stamp.map(|stamp| stamp.modified()), path.clone()));
        let mut faults = Vec::new();
        let mut changed = false;
        self.files.retain(|path, _| {
            let stays = present.iter().any(|(other, _)| other == path);
            if !stays {
                tracing::info!(file = %path.display(), "a policy file is gone");
                changed = true;
            }
            stays
        });
        for (path, stamp) in present {
            let known = self.files.entry(path.clone()).or_default();
            if stamp.is_some() && known.stamp == stamp {
                continue;
            }
            known.stamp = stamp;
            match read(&path) {
                Ok(policies) => {
                    self.turn += 1;
                    *known = Known { stamp, turn: self.turn, policies };
                    changed = true;
                    let names: Vec<_> = known.policies.keys().collect();
                    tracing::info!(file = %path.display(), policies = ?names, "read a policy file");
                }
                Err(reason) => faults.push(Fault { path, reason }),
            }
        }
        if changed {
            self.live.store(Arc::new(self.policies()));
        }
        Ok(faults)
    }

    fn present(&self) -> io::Result<Vec<(PathBuf, Option<Stamp>)>> {
        let mut present = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") && !path.is_dir() {
                present.push((path.clone(), Stamp::of(&path)));
            }
        }
        Ok(present)
    }

    /// The policies of all files, the later ones over the earlier ones.
    fn policies(&self) -> Policies {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by_key(|(_, known)| known.turn);
        let mut policies = Policies::built_in();
        let mut from: BTreeMap<&str, &Path> = BTreeMap::new();
        for (path, known) in files {
            for (name, policy) in &known.policies {
                if RESERVED.contains(&name.as_str()) {
                    tracing::warn!(file = %path.display(), policy = name, "the name is reserved: this policy is not used");
                    continue;
                }
                if let Some(earlier) = from.insert(name, path) {
                    tracing::warn!(
                        policy = name, used = %path.display(), kept_back = %earlier.display(),
                        "two files have a policy of this name"
                    );
                }
                policies.set(name, policy.clone());
            }
        }
        policies
    }
}

impl Watched for Folder {
    fn files(&self) -> Vec<PathBuf> {
        // A folder that can't be read is told once, when its own stamp changes.
        let present = self.present().unwrap_or_default().into_iter().map(|(path, _)| path);
        present.chain([self.path.clone()]).collect()
    }

    fn reload(&mut self) {
        match self.look() {
            Ok(faults) => {
                for fault in faults {
                    tracing::error!("{fault}; what it said before stays in force");
                }
            }
            Err(error) => {
                tracing::error!(folder = %self.path.display(), %error, "the policies can't be read; those from before stay in force");
            }
        }
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Policy>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    file::parse(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use kmip::types::{ObjectType, Operation};

    use super::*;
    use crate::rights::{Caller, Permission};

    struct Setup {
        path: tempfile::TempDir,
        folder: Folder,
    }

    fn setup() -> Setup {
        let path = tempfile::tempdir().unwrap();
        let (folder, faults) = Folder::open(path.path()).unwrap();
        assert!(faults.is_empty());
        Setup { path, folder }
    }

    impl Setup {
        fn write(&mut self, name: &str, text: &str) -> Vec<String> {
            fs::write(self.path.path().join(name), text).unwrap();
            self.look()
        }

        fn look(&mut self) -> Vec<String> {
            self.folder.look().unwrap().iter().map(ToString::to_string).collect()
        }

        fn remove(&mut self, name: &str) {
            fs::remove_file(self.path.path().join(name)).unwrap();
            assert!(self.look().is_empty());
        }

        /// What everyone may do when they get a key under this policy.
        fn get(&self, policy: &str) -> Permission {
            let policies = self.folder.live().load_full();
            policies.permission(&Caller::user("bob"), policy, ObjectType::SymmetricKey, Operation::Get)
        }
    }

    fn policy(name: &str, permission: &str) -> String {
        format!(r#"{{"{name}": {{"preset": {{"SYMMETRIC_KEY": {{"GET": "{permission}"}}}}}}}}"#)
    }

    #[test]
    fn files_come_change_and_go() {
        let mut setup = setup();
        assert_eq!(setup.get("p"), Permission::DisallowAll);
        assert!(setup.write("a.json", &policy("p", "ALLOW_ALL")).is_empty());
        assert_eq!(setup.get("p"), Permission::AllowAll);
        setup.write("a.json", &policy("p", "ALLOW_OWNER"));
        assert_eq!(setup.get("p"), Permission::AllowOwner);
        setup.write("notes.txt", "no policy");
        setup.remove("a.json");
        assert_eq!(setup.get("p"), Permission::DisallowAll);
        assert_eq!(setup.get("default"), Permission::AllowOwner);
    }

    #[test]
    fn the_later_of_two_counts_and_the_earlier_comes_back() {
        let mut setup = setup();
        setup.write("z.json", &policy("p", "ALLOW_ALL"));
        setup.write("b.json", &policy("p", "ALLOW_OWNER"));
        assert_eq!(setup.get("p"), Permission::AllowOwner);
        // It no longer has the policy.
        setup.write("b.json", &policy("q", "ALLOW_OWNER"));
        assert_eq!(setup.get("p"), Permission::AllowAll);
        setup.write("b.json", &policy("p", "DISALLOW_ALL"));
        assert_eq!((setup.get("p"), setup.get("q")), (Permission::DisallowAll, Permission::DisallowAll));
        // What changes last counts, whatever its name.
        setup.write("z.json", &(policy("p", "ALLOW_OWNER") + " "));
        assert_eq!(setup.get("p"), Permission::AllowOwner);
        setup.remove("z.json");
        assert_eq!(setup.get("p"), Permission::DisallowAll);
        setup.remove("b.json");
        assert_eq!(setup.get("p"), Permission::DisallowAll);
    }

    #[test]
    fn a_bad_file_is_told_once_with_its_line_and_changes_nothing() {
        let mut setup = setup();
        setup.write("a.json", &policy("p", "ALLOW_ALL"));
        for (text, line, expected) in [
            ("{\n\"p\": {\n\"preset\": {\"SYMMETRIC_KEY\": {\"GET\": \"ALLOW\"}}}}", "line 3", "\"ALLOW\""),
            ("{\n\"p\": {\"preset\": {\"KEY\": {}}}}", "line 2", "\"KEY\" is no object type"),
            ("{\"p\": {}}", "line 1", "`preset`"),
            ("{\n\n", "line 3", "EOF"),
        ] {
            let faults = setup.write("a.json", text);
            let [fault] = faults.as_slice() else { panic!("{faults:?}") };
            assert!(fault.contains("a.json") && fault.contains(line) && fault.contains(expected), "{fault}");
            assert!(setup.look().is_empty(), "told once");
            assert_eq!(setup.get("p"), Permission::AllowAll);
        }
        // A file beside it is read all the same, and the bad one when it is mended.
        setup.write("b.json", &policy("q", "ALLOW_ALL"));
        assert_eq!(setup.get("q"), Permission::AllowAll);
        assert!(setup.write("a.json", &policy("p", "ALLOW_OWNER")).is_empty());
        assert_eq!(setup.get("p"), Permission::AllowOwner);
    }

    #[test]
    fn reserved_names_stay_what_they_are() {
        let mut setup = setup();
        setup.write("a.json", &policy("default", "ALLOW_ALL"));
        setup.write("b.json", &policy("public", "ALLOW_ALL"));
        assert_eq!(
            (setup.get("default"), setup.get("public")),
            (Permission::AllowOwner, Permission::DisallowAll)
        );
    }

    #[test]
    fn a_folder_that_is_gone_changes_nothing() {
        let mut setup = setup();
        setup.write("a.json", &policy("p", "ALLOW_ALL"));
        fs::rename(setup.path.path(), setup.path.path().with_extension("away")).unwrap();
        assert!(setup.folder.look().is_err());
        assert_eq!(setup.get("p"), Permission::AllowAll);
        fs::rename(setup.path.path().with_extension("away"), setup.path.path()).unwrap();
        assert!(setup.look().is_empty());
        assert!(Folder::open(Path::new("/nowhere/at/all")).is_err());
    }
}
