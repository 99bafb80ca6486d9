// SPDX-License-Identifier: MIT
//! Carries out the directives of a script, in order, in one store (spec: interpreter/README, "Scripts").

use crate::engine::{Engine, Instance, Module};
use crate::{Directive, Mode, Verdict, scan, value};
use std::collections::HashMap;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, Wat};
use wrt_foundation::{Error, ErrorKind, Trap, Value};

const REFUSED: Verdict = Verdict::Skipped("refused by the text parser, so that it never reached WRT");
const TAKEN: Verdict = Verdict::Skipped("malformed text that the text parser takes, so that WRT saw a good module");

/// Carries out all directives of `text`: the verdicts, and the fuel that was used. A text that is no script gives the
/// failure of line ...
pub(crate) fn run(text: &str, mode: Mode) -> Result<(Vec<Directive>, i64), (u32, String)> {
    let no_script = |e: wast::Error| (scan::line(text, e.span().offset()), format!("not a script: {}", e.message()));
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(no_script)?;
    let directives = parser::parse::<Wast<'_>>(&buffer).map_err(no_script)?.directives;
    let mut script = Script::new(mode).map_err(|e| (0, e.to_string()))?;
    let (mut at, mut line) = (0, 1);
    let one = |directive: WastDirective<'_>| {
        let offset = directive.span().offset();
        line += text.as_bytes().get(at..offset).map_or(0, scan::newlines);
        at = offset;
        Directive { line, head: head(&directive), verdict: script.carry_out(directive) }
    };
    let directives = directives.into_iter().map(one).collect();
    Ok((directives, script.engine.fuel))
}

/// The first word of a directive.
fn head(directive: &WastDirective<'_>) -> &'static str {
    use WastDirective::*;
    match directive {
        Module(m) | ModuleDefinition(m) if is_component(m) => "component",
        Module(_) | ModuleDefinition(_) | ModuleInstance { .. } => "module",
        AssertMalformed { .. } => "assert_malformed",
        AssertMalformedCustom { .. } => "assert_malformed_custom",
        AssertInvalid { .. } => "assert_invalid",
        AssertInvalidCustom { .. } => "assert_invalid_custom",
        Register { .. } => "register",
        Invoke(_) => "invoke",
        AssertTrap { .. } => "assert_trap",
        AssertReturn { .. } => "assert_return",
        AssertExhaustion { .. } => "assert_exhaustion",
        AssertUnlinkable { .. } => "assert_unlinkable",
        AssertException { .. } => "assert_exception",
        AssertSuspension { .. } => "assert_suspension",
        Thread(_) => "thread",
        Wait { .. } => "wait",
    }
}

fn is_component(module: &QuoteWat<'_>) -> bool {
    matches!(module, QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..))
}

/// What the directives so far have left.
struct Script {
    engine: Engine,
    /// The instance that directives mean which name none; `None` when its module failed.
    current: Option<Instance>,
    instances: HashMap<String, Instance>,
    /// Modules that are defined and not instantiated; the newest also under the empty name.
    definitions: HashMap<String, Module>,
}

/// Why there are no results: the engine's error, or a verdict that is settled already.
enum Fault {
    Engine(Error),
    Settled(Verdict),
}

impl From<Error> for Fault {
    fn from(e: Error) -> Fault {
        Fault::Engine(e)
    }
}

impl Fault {
    fn verdict(self) -> Verdict {
        match self {
            Fault::Engine(e) => Verdict::Failed(e.to_string()),
            Fault::Settled(verdict) => verdict,
        }
    }
}

fn failed(text: impl Into<String>) -> Verdict {
    Verdict::Failed(text.into())
}

/// Passed, or the fault's verdict.
fn settle<T>(result: Result<T, Fault>) -> Verdict {
    result.map_or_else(Fault::verdict, |_| Verdict::Passed)
}

impl Script {
    fn new(mode: Mode) -> Result<Script, Error> {
        let (instances, definitions) = Default::default();
        Ok(Script { engine: Engine::new(mode)?, current: None, instances, definitions })
    }

    fn carry_out(&mut self, directive: WastDirective<'_>) -> Verdict {
        use WastDirective::*;
        match directive {
            Module(m) | ModuleDefinition(m) if is_component(&m) => Verdict::Skipped("component"),
            Module(module) => settle(self.module(module)),
            ModuleDefinition(module) => settle(self.definition(module)),
            ModuleInstance { instance, module, .. } => settle(self.instance(instance, module)),
            Register { name, module, .. } => settle(self.find(module).map(|i| self.engine.register(name, i))),
            Invoke(call) => settle(self.invoke(call)),
            AssertReturn { exec, results, .. } => match self.execute(exec) {
                Ok(values) if value::match_all(&values, &results) => Verdict::Passed,
                Ok(values) => failed(format!("got {}, expected {results:?}", value::list(&values))),
                Err(fault) => fault.verdict(),
            },
            AssertTrap { exec, message, .. } => trapped(self.execute(exec), message, None),
            AssertExhaustion { call, message, .. } => trapped(self.invoke(call), message, Some(Trap::StackExhausted)),
            AssertMalformed { module: QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..), .. }
            | AssertInvalid { module: QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..), .. } => {
                Verdict::Skipped("component")
            }
            AssertMalformed { mut module, message, .. } => {
                let quoted = matches!(module, QuoteWat::QuoteModule(..));
                match module.encode() {
                    Err(_) => REFUSED,
                    Ok(wasm) => match self.engine.compile(&wasm) {
                        Ok(_) if quoted => TAKEN,
                        Err(e) if quoted && e.kind() != ErrorKind::Malformed => TAKEN,
                        result => refused(result, ErrorKind::Malformed, message),
                    },
                }
            }
            AssertInvalid { mut module, message, .. } => match module.encode() {
                Err(_) => REFUSED,
                Ok(wasm) => refused(self.engine.compile(&wasm), ErrorKind::Invalid, message),
            },
            AssertUnlinkable { mut module, message, .. } => match module.encode() {
                Err(_) => REFUSED,
                Ok(wasm) => match self.engine.compile(&wasm) {
                    Ok(module) => refused(self.engine.instantiate(&module), ErrorKind::Unlinkable, message),
                    Err(e) => Verdict::Failed(e.to_string()),
                },
            },
            AssertMalformedCustom { .. } | AssertInvalidCustom { .. } => Verdict::Skipped("WRT does not read custom sections"),
            AssertException { exec, .. } => match self.execute(exec) {
                Ok(values) => failed(format!("expected an exception, got {}", value::list(&values))),
                Err(Fault::Engine(e)) if e.trap() == Some(Trap::UncaughtException) => Verdict::Passed,
                Err(fault) => fault.verdict(),
            },
            AssertSuspension { .. } => Verdict::Skipped("WRT has no stack switching"),
            Thread(_) | Wait { .. } => Verdict::Skipped("WRT scripts have one thread"),
        }
    }

    fn module(&mut self, mut module: QuoteWat<'_>) -> Result<(), Fault> {
        self.current = None;
        let compiled = compile(&self.engine, &mut module)?;
        let instance = self.engine.instantiate(&compiled)?;
        self.name(module.name(), instance);
        Ok(())
    }

    fn definition(&mut self, mut module: QuoteWat<'_>) -> Result<(), Fault> {
        let compiled = compile(&self.engine, &mut module)?;
        if let Some(id) = module.name() {
            self.definitions.insert(id.name().into(), compiled.clone());
        }
        self.definitions.insert(String::new(), compiled);
        Ok(())
    }

    fn instance(&mut self, instance: Option<Id<'_>>, module: Option<Id<'_>>) -> Result<(), Fault> {
        self.current = None;
        let definition = self.definitions.get(module.map_or("", |id| id.name()));
        let definition = definition.ok_or_else(|| Fault::Settled(failed("no such module definition")))?;
        let made = self.engine.instantiate(definition)?;
        self.name(instance, made);
        Ok(())
    }

    fn name(&mut self, id: Option<Id<'_>>, instance: Instance) {
        self.current = Some(instance);
        if let Some(id) = id {
            self.instances.insert(id.name().into(), instance);
        }
    }

    fn find(&self, id: Option<Id<'_>>) -> Result<Instance, Fault> {
        let found = match id {
            Some(id) => self.instances.get(id.name()).copied(),
            None => self.current,
        };
        found.ok_or_else(|| Fault::Settled(failed("there is no such instance: its module failed")))
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Vec<Value>, Fault> {
        match exec {
            WastExecute::Invoke(call) => self.invoke(call),
            WastExecute::Get { module, global, .. } => {
                let instance = self.find(module)?;
                Ok(vec![self.engine.global(instance, global)?])
            }
            WastExecute::Wat(module) => {
                let module = compile(&self.engine, &mut QuoteWat::Wat(module))?;
                self.engine.instantiate(&module)?;
                Ok(Vec::new())
            }
        }
    }

    fn invoke(&mut self, call: WastInvoke<'_>) -> Result<Vec<Value>, Fault> {
        let arguments: Option<Vec<Value>> = call.args.iter().map(value::argument).collect();
        let unknown = Verdict::Skipped("an argument of a type that WRT does not have");
        let arguments = arguments.ok_or(Fault::Settled(unknown))?;
        let instance = self.find(call.module)?;
        Ok(self.engine.invoke(instance, call.name, &arguments)?)
    }
}

fn compile(engine: &Engine, module: &mut QuoteWat<'_>) -> Result<Module, Fault> {
    let wasm = module.encode().map_err(|e| Fault::Settled(failed(format!("text parser: {}", e.message()))))?;
    Ok(engine.compile(&wasm)?)
}

/// Whether one text begins with the other: the suite's are sometimes longer ("uninitialized element 2").
fn same_text(expected: &str, got: &str) -> bool {
    got.starts_with(expected) || (!got.is_empty() && expected.starts_with(got))
}

/// Judges what had to trap with the suite's text, for the cause `only` if given.
fn trapped(result: Result<Vec<Value>, Fault>, message: &str, only: Option<Trap>) -> Verdict {
    match result {
        Ok(values) => failed(format!("expected trap \"{message}\", got {}", value::list(&values))),
        Err(Fault::Engine(e)) => match e.trap() {
            Some(trap) if same_text(message, trap.message()) && only.is_none_or(|t| t == trap) => Verdict::Passed,
            _ => failed(format!("expected trap \"{message}\", got {e}")),
        },
        Err(Fault::Settled(verdict)) => verdict,
    }
}

/// Judges what had to be refused as `kind`.
fn refused<T>(result: Result<T, Error>, kind: ErrorKind, message: &str) -> Verdict {
    match result {
        Ok(_) => failed(format!("expected {} \"{message}\", got none", kind.name())),
        Err(e) if e.kind() != kind => failed(format!("expected {} \"{message}\", got {e}", kind.name())),
        Err(e) if same_text(message, e.message()) => Verdict::Passed,
        Err(e) => Verdict::OtherText { expected: message.into(), got: e.to_string() },
    }
}
