//! The macro that makes the types over all ecosystems from a list of them.

/// Makes `Question`, `Snapshots` and `Scratches` of a list `Variant, field, rules`: the variant is the
/// [`Ecosystem`](gleaner_model::Ecosystem)'s own name.
macro_rules! ecosystems {
    ($($variant:ident, $field:ident, $rules:ty;)+) => {
        /// What is asked: a root of some ecosystem, and the circumstances. Cloning is cheap enough to keep one a root.
        #[derive(Clone)]
        pub enum Question {
            $(
                #[doc = concat!("A root of ", stringify!($field), ".")]
                $variant($crate::any::Asked<$rules>),
            )+
        }

        impl Question {
            /// What a project that depends on nothing but this package pulls in.
            ///
            /// # Errors
            /// The environment's keys or values are none.
            pub fn of_purl(
                purl: &gleaner_model::Purl,
                environment: &[(String, String)],
            ) -> Result<Self, $crate::any::InvalidQuestion> {
                match purl.ecosystem() {
                    $(gleaner_model::Ecosystem::$variant =>
                        Ok(Self::$variant($crate::any::Asked::of_purl(purl, environment)?)),)+
                }
            }

            /// What a project with this manifest pulls in; `file` is the last part of its path, which tells the ecosystem.
            ///
            /// # Errors
            /// No ecosystem has such manifests, the text is none, or the environment cannot be.
            pub fn of_manifest(
                file: &str,
                text: &str,
                environment: &[(String, String)],
            ) -> Result<Self, $crate::any::InvalidQuestion> {
                $(if let Some(kind) = <$rules as $crate::Resolver>::manifest_kind(file) {
                    return Ok(Self::$variant($crate::any::Asked::of_manifest(kind, text, environment)?));
                })+
                let known = [$(<$rules as $crate::Resolver>::MANIFESTS),+].concat().join(", ");
                Err($crate::any::InvalidQuestion::UnknownManifest { file: file.to_owned(), known })
            }

            /// Whose rules answer it.
            #[must_use]
            pub const fn ecosystem(&self) -> gleaner_model::Ecosystem {
                match self {
                    $(Self::$variant(_) => gleaner_model::Ecosystem::$variant,)+
                }
            }

            /// Names of the packages that the root depends on by itself.
            #[must_use]
            pub fn direct(&self) -> Vec<gleaner_model::PackageName> {
                match self {
                    $(Self::$variant(asked) => <$rules as $crate::Resolver>::direct(&asked.root),)+
                }
            }

            /// All keys and values of its environment, those that were not given included.
            #[must_use]
            pub fn environment_entries(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$variant(asked) =>
                        <$rules as $crate::Resolver>::environment_entries(&asked.environment),)+
                }
            }
        }

        /// Packages of all ecosystems, in the layouts of their resolvers. Cloning shares what is not changed afterwards.
        #[derive(Clone, Default)]
        pub struct Snapshots {
            $(
                #[doc = concat!("Packages of ", stringify!($field), ".")]
                pub $field: <$rules as $crate::Resolver>::Snapshot,
            )+
        }

        impl Snapshots {
            /// Takes in what is known of a package, in place of what was known before.
            pub fn insert(
                &mut self,
                ecosystem: gleaner_model::Ecosystem,
                name: &gleaner_model::PackageName,
                package: &gleaner_model::Package,
            ) {
                match ecosystem {
                    $(gleaner_model::Ecosystem::$variant =>
                        $crate::Snapshot::insert(&mut self.$field, name, package),)+
                }
            }

            /// Takes in that the registry has no such package.
            pub fn insert_absent(
                &mut self,
                ecosystem: gleaner_model::Ecosystem,
                name: &gleaner_model::PackageName,
            ) {
                match ecosystem {
                    $(gleaner_model::Ecosystem::$variant =>
                        $crate::Snapshot::insert_absent(&mut self.$field, name),)+
                }
            }

            /// Is something known of this package, if only that there is none?
            #[must_use]
            pub fn knows(&self, ecosystem: gleaner_model::Ecosystem, name: &gleaner_model::PackageName) -> bool {
                match ecosystem {
                    $(gleaner_model::Ecosystem::$variant => $crate::Snapshot::knows(&self.$field, name),)+
                }
            }

            /// How much of an ecosystem it holds.
            #[must_use]
            pub fn size(&self, ecosystem: gleaner_model::Ecosystem) -> $crate::SnapshotSize {
                match ecosystem {
                    $(gleaner_model::Ecosystem::$variant => $crate::Snapshot::size(&self.$field),)+
                }
            }

            /// What the question's root pulls in.
            pub fn resolve(
                &self,
                question: &Question,
                view: &$crate::View,
                scratches: &mut Scratches,
                budget: &mut $crate::Budget<'_>,
            ) -> $crate::Resolution {
                match question {
                    $(Question::$variant(asked) => <$rules as $crate::Resolver>::resolve(
                        &self.$field, &asked.root, &asked.environment, view, &mut scratches.$field, budget,
                    ),)+
                }
            }

            /// The first candidate for what a resolution of this question read, as its resolver would try it.
            #[must_use]
            pub fn first_candidate(
                &self,
                question: &Question,
                name: &gleaner_model::PackageName,
                requirement: &str,
                view: &$crate::View,
            ) -> Option<String> {
                match question {
                    $(Question::$variant(asked) => <$rules as $crate::Resolver>::first_candidate(
                        &self.$field, name, requirement, &asked.environment, view,
                    ),)+
                }
            }

            /// The lock file that the tool would write for a graph that answers this question.
            #[must_use]
            pub fn lock(&self, question: &Question, graph: &$crate::Graph) -> String {
                match question {
                    $(Question::$variant(asked) => <$rules as $crate::Resolver>::lock(
                        &self.$field, &asked.root, &asked.environment, graph,
                    ),)+
                }
            }
        }

        /// Room that one thread's resolutions share, whatever their ecosystem.
        #[derive(Default)]
        pub struct Scratches {
            $($field: <$rules as $crate::Resolver>::Scratch,)+
        }
    };
}

pub(crate) use ecosystems;
