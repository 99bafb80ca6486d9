// SPDX-License-Identifier: MIT
//! Trait objects: expressions are parsed into a tree of boxes and evaluated many times.

trait Expr {
    fn eval(&self, x: i32, y: i32) -> i32;
}

struct Constant(i32);
struct X;
struct Y;
struct Binary<F> {
    left: Box<dyn Expr>,
    right: Box<dyn Expr>,
    apply: F,
}

impl Expr for Constant {
    fn eval(&self, _: i32, _: i32) -> i32 {
        self.0
    }
}

impl Expr for X {
    fn eval(&self, x: i32, _: i32) -> i32 {
        x
    }
}

impl Expr for Y {
    fn eval(&self, _: i32, y: i32) -> i32 {
        y
    }
}

impl<F: Fn(i32, i32) -> i32> Expr for Binary<F> {
    fn eval(&self, x: i32, y: i32) -> i32 {
        (self.apply)(self.left.eval(x, y), self.right.eval(x, y))
    }
}

struct Parser<'a> {
    text: std::iter::Peekable<std::str::Bytes<'a>>,
}

impl Parser<'_> {
    fn atom(&mut self) -> Box<dyn Expr> {
        match self.text.next() {
            Some(b'x') => Box::new(X),
            Some(b'y') => Box::new(Y),
            Some(b'(') => {
                let inner = self.sum();
                self.text.next();
                inner
            }
            Some(digit @ b'0'..=b'9') => {
                let mut value = i32::from(digit - b'0');
                while let Some(digit) = self.text.next_if(u8::is_ascii_digit) {
                    value = value * 10 + i32::from(digit - b'0');
                }
                Box::new(Constant(value))
            }
            _ => Box::new(Constant(0)),
        }
    }

    fn product(&mut self) -> Box<dyn Expr> {
        let mut left = self.atom();
        while let Some(op) = self.text.next_if(|c| matches!(c, b'*' | b'%')) {
            let right = self.atom();
            left = match op {
                b'*' => Box::new(Binary { left, right, apply: i32::wrapping_mul }),
                _ => Box::new(Binary { left, right, apply: |a: i32, b: i32| a.checked_rem(b).unwrap_or(a) }),
            };
        }
        left
    }

    fn sum(&mut self) -> Box<dyn Expr> {
        let mut left = self.product();
        while let Some(op) = self.text.next_if(|c| matches!(c, b'+' | b'-' | b'<')) {
            let right = self.product();
            left = match op {
                b'+' => Box::new(Binary { left, right, apply: i32::wrapping_add }),
                b'-' => Box::new(Binary { left, right, apply: i32::wrapping_sub }),
                _ => Box::new(Binary { left, right, apply: |a, b| i32::from(a < b) }),
            };
        }
        left
    }
}

const SOURCES: [&str; 4] =
    ["x*x+y*y-(x+y)*3", "(x%7)*(y%5)+(x<y)*100", "((x+1)*(y+2)-(x-3)*(y-4))%97", "x*31+y*17+(x*y)%1009-(y<(x%50))"];

#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(n: i32) -> i64 {
    let mut sum = 0i64;
    for round in 0..n {
        let source = SOURCES[round as usize % SOURCES.len()];
        let expr = Parser { text: source.bytes().peekable() }.sum();
        for x in 0..20 {
            let value = expr.eval(x + round, x * 3 - n);
            sum = sum.wrapping_mul(31).wrapping_add(i64::from(value));
        }
    }
    sum
}
