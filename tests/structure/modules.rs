//! The crate's modules read from its source: which names each defines or re-exports, and which file a path leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A module's path, from the crate down: `["call", "verdict"]`.
pub type ModulePath = Vec<String>;

/// A path used in code.
#[derive(Clone, Debug)]
pub struct Use {
    /// The module in which it stands.
    pub module: ModulePath,
    /// Its segments.
    pub path: Vec<String>,
    /// The line of the file.
    pub line: usize,
    /// A re-export hands a name on and needs nothing itself.
    pub reexport: bool,
}

/// A function and its length.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// One source file, without its tests.
#[derive(Debug, Default)]
pub struct SourceFile {
    /// Lines outside of `#[cfg(test)]` modules.
    pub lines: usize,
    pub functions: Vec<Function>,
}

enum Name {
    Item,
    Module,
    Alias(Vec<String>),
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    names: BTreeMap<String, Name>,
    globs: Vec<Vec<String>>,
}

/// The whole crate.
#[derive(Default)]
pub struct Crate {
    modules: BTreeMap<ModulePath, Module>,
    pub uses: Vec<Use>,
    pub files: BTreeMap<PathBuf, SourceFile>,
}

impl Crate {
    /// Reads `lib.rs` of a source folder and every module that it leads to, `#[cfg(test)]` left out.
    pub fn read(source: &Path) -> Self {
        let mut krate = Self::default();
        krate.file(source, PathBuf::from("lib.rs"), Vec::new());
        krate
    }

    fn file(&mut self, source: &Path, file: PathBuf, module: ModulePath) {
        let text = std::fs::read_to_string(source.join(&file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let tests: usize = parsed.items.iter().filter(|item| is_test(attributes(item))).map(lines_of).sum();
        self.files.insert(file.clone(), SourceFile { lines: text.lines().count() - tests, functions: Vec::new() });
        self.items(source, &file, module, &parsed.items);
    }

    fn items(&mut self, source: &Path, file: &Path, module: ModulePath, items: &[syn::Item]) {
        self.modules.entry(module.clone()).or_default().file = file.to_owned();
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            if let syn::Item::Mod(inner) = item {
                self.module(source, file, &module, inner);
                continue;
            }
            if let Some(name) = name_of(item) {
                self.modules.entry(module.clone()).or_default().names.insert(name, Name::Item);
            }
            let face = file.ends_with("mod.rs") || file.ends_with("lib.rs");
            let mut visitor = Visitor { module: &module, face, found: Vec::new(), aliases: Vec::new(), functions: Vec::new() };
            visitor.visit_item(item);
            let Visitor { found, aliases, functions, .. } = visitor;
            self.uses.extend(found);
            let known = self.modules.entry(module.clone()).or_default();
            for (name, path) in aliases {
                match name {
                    Some(name) => drop(known.names.insert(name, Name::Alias(path))),
                    None => known.globs.push(path),
                }
            }
            self.files.entry(file.to_owned()).or_default().functions.extend(functions);
        }
    }

    fn module(&mut self, source: &Path, file: &Path, parent: &ModulePath, inner: &syn::ItemMod) {
        let name = inner.ident.to_string();
        self.modules.entry(parent.clone()).or_default().names.insert(name.clone(), Name::Module);
        let module: ModulePath = parent.iter().cloned().chain([name]).collect();
        if let Some((_, items)) = &inner.content {
            return self.items(source, file, module, items);
        }
        let folder: PathBuf = module.iter().collect();
        let nested = folder.join("mod.rs");
        let child = if source.join(&nested).exists() { nested } else { folder.with_extension("rs") };
        self.file(source, child, module);
    }

    /// The file that defines what a path names; `None` for other crates and local names.
    pub fn resolve(&self, used: &Use) -> Option<&Path> {
        let mut seen = BTreeSet::new();
        let (path, glob) = match used.path.split_last() {
            Some((last, module)) if last == "*" => (module, true),
            _ => (used.path.as_slice(), false),
        };
        let (module, item) = self.follow(&used.module, path, &mut seen)?;
        let module = self.modules.get(&module)?;
        // A module by itself defines nothing: what is used of it stands in a longer path. A glob takes all of it.
        (item || glob).then_some(module.file.as_path())
    }

    /// A path with the aliases of its first segment followed, so that `use std::time; time::Instant` is `std::time::Instant`.
    pub fn expanded(&self, used: &Use) -> Vec<String> {
        let mut path: Vec<String> = used.path.clone();
        for _ in 0..8 {
            let first = path.first().cloned().unwrap_or_default();
            match self.modules.get(&used.module).and_then(|module| module.names.get(&first)) {
                Some(Name::Alias(alias)) if alias.first() != Some(&first) => path.splice(..1, alias.iter().cloned()),
                _ => break,
            };
        }
        path
    }

    /// The file in which a module's code stands.
    pub fn file_of(&self, module: &ModulePath) -> Option<&Path> {
        self.modules.get(module).map(|module| module.file.as_path())
    }

    /// Where a path ends, and whether at an item rather than a module.
    fn follow(&self, from: &ModulePath, path: &[String], seen: &mut BTreeSet<(ModulePath, Vec<String>)>) -> Option<(ModulePath, bool)> {
        // `use rtp::rtp` names another crate's module: followed in this crate it would never end.
        const DEEPEST: usize = 64;
        if !seen.insert((from.clone(), path.to_vec())) || seen.len() > DEEPEST {
            return None;
        }
        let mut module = from.clone();
        let mut rest = path;
        while let [first, after @ ..] = rest {
            match first.as_str() {
                "crate" => module.clear(),
                "self" => {}
                "super" => drop(module.pop()),
                _ => break,
            }
            rest = after;
        }
        let [name, after @ ..] = rest else { return Some((module, false)) };
        let here = self.modules.get(&module)?;
        match here.names.get(name) {
            Some(Name::Item) => Some((module, true)),
            Some(Name::Module) => {
                module.push(name.clone());
                if after.is_empty() { Some((module, false)) } else { self.follow_down(&module, after, seen) }
            }
            Some(Name::Alias(alias)) => {
                let whole: Vec<String> = alias.iter().chain(after).cloned().collect();
                self.follow(&module, &whole, seen)
            }
            None => here.globs.iter().find_map(|glob| {
                let whole: Vec<String> = glob.iter().chain(rest).cloned().collect();
                self.follow(&module, &whole, seen)
            }),
        }
    }

    /// Inside a named module only its own names count, not the crates of the prelude.
    fn follow_down(
        &self,
        module: &ModulePath,
        rest: &[String],
        seen: &mut BTreeSet<(ModulePath, Vec<String>)>,
    ) -> Option<(ModulePath, bool)> {
        let path: Vec<String> = std::iter::once("self".to_owned()).chain(rest.iter().cloned()).collect();
        self.follow(module, &path, seen)
    }
}

struct Visitor<'a> {
    module: &'a ModulePath,
    face: bool,
    found: Vec<Use>,
    aliases: Vec<(Option<String>, Vec<String>)>,
    functions: Vec<Function>,
}

impl Visitor<'_> {
    fn push(&mut self, path: Vec<String>, line: usize, reexport: bool) {
        self.found.push(Use { module: self.module.clone(), path, line, reexport });
    }

    fn tree(&mut self, tree: &syn::UseTree, prefix: &[String], reexport: bool) {
        let with = |name: String| prefix.iter().cloned().chain([name]).collect::<Vec<_>>();
        let line = tree.span().start().line;
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(path.ident.to_string()), reexport),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, prefix, reexport)),
            syn::UseTree::Glob(_) => {
                self.aliases.push((None, prefix.to_vec()));
                self.push(with("*".to_owned()), line, reexport);
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                let path = if name == "self" { prefix.to_vec() } else { with(name) };
                self.aliases.extend(path.last().cloned().map(|name| (Some(name), path.clone())));
                self.push(path, line, reexport);
            }
            syn::UseTree::Rename(rename) => {
                let path = with(rename.ident.to_string());
                self.aliases.push((Some(rename.rename.to_string()), path.clone()));
                self.push(path, line, reexport);
            }
        }
    }

    fn function(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let (line, end) = (whole.start().line, whole.end().line);
        self.functions.push(Function { name: name.to_string(), line, lines: end - line + 1 });
    }

    /// Paths in the tokens of a macro, which are not parsed: names joined by `::`.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let (mut path, mut colons, mut line) = (Vec::new(), 0, 0);
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.flush(&mut path, line);
                    }
                    line = name.span().start().line;
                    path.push(name.to_string());
                    colons = 0;
                    continue;
                }
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
            self.flush(&mut path, line);
            colons = 0;
        }
        self.flush(&mut path, line);
    }

    fn flush(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.push(path, line, false);
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let reexport = self.face && !matches!(item.vis, syn::Visibility::Inherited);
        self.tree(&item.tree, &[], reexport);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 && path.leading_colon.is_none() {
            self.push(segments, path.span().start().line, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig.ident, item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.sig.ident, item.span());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig.ident, item.span());
            visit::visit_impl_item_fn(self, item);
        }
    }
}

fn lines_of(item: &syn::Item) -> usize {
    item.span().end().line - item.span().start().line + 1
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let is_cfg_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_cfg_test)
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name_of(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
