// SPDX-License-Identifier: MIT
//! f32 in structures and closures: rays, spheres, a floor and shadows.

use std::ops::{Add, Mul, Sub};

#[derive(Clone, Copy)]
struct Vector {
    x: f32,
    y: f32,
    z: f32,
}

impl Add for Vector {
    type Output = Vector;
    fn add(self, o: Vector) -> Vector {
        Vector { x: self.x + o.x, y: self.y + o.y, z: self.z + o.z }
    }
}

impl Sub for Vector {
    type Output = Vector;
    fn sub(self, o: Vector) -> Vector {
        Vector { x: self.x - o.x, y: self.y - o.y, z: self.z - o.z }
    }
}

impl Mul<f32> for Vector {
    type Output = Vector;
    fn mul(self, by: f32) -> Vector {
        Vector { x: self.x * by, y: self.y * by, z: self.z * by }
    }
}

fn vector(x: f32, y: f32, z: f32) -> Vector {
    Vector { x, y, z }
}

fn dot(a: Vector, b: Vector) -> f32 {
    a.x * b.x + a.y * b.y + a.z * b.z
}

fn unit(v: Vector) -> Vector {
    v * (1.0 / dot(v, v).sqrt())
}

struct Sphere {
    centre: Vector,
    radius: f32,
    mirror: f32,
}

impl Sphere {
    fn hit(&self, from: Vector, direction: Vector) -> Option<f32> {
        let to = self.centre - from;
        let along = dot(to, direction);
        let square = along * along - dot(to, to) + self.radius * self.radius;
        let near = along - square.max(0.0).sqrt();
        (square > 0.0 && near > 0.01).then_some(near)
    }
}

struct Scene {
    spheres: Vec<Sphere>,
    light: Vector,
}

impl Scene {
    fn nearest(&self, from: Vector, direction: Vector) -> Option<(f32, &Sphere)> {
        let hits = self.spheres.iter().filter_map(|s| Some((s.hit(from, direction)?, s)));
        hits.min_by(|a, b| a.0.total_cmp(&b.0))
    }

    fn colour(&self, from: Vector, direction: Vector, depth: u32) -> f32 {
        let Some((distance, sphere)) = self.nearest(from, direction) else {
            if direction.y < -0.01 {
                let at = from + direction * ((from.y + 2.0) / -direction.y);
                let dark = (at.x.floor() as i32 + at.z.floor() as i32) & 1 == 0;
                let shade = if self.nearest(at, self.light).is_some() { 0.4 } else { 1.0 };
                return shade * if dark { 0.3 } else { 0.8 };
            }
            return 0.5 + direction.y * 0.5;
        };
        let at = from + direction * distance;
        let normal = unit(at - sphere.centre);
        let lit = dot(normal, self.light).max(0.1);
        if depth == 0 {
            return lit;
        }
        let bounced = direction - normal * (2.0 * dot(direction, normal));
        lit * (1.0 - sphere.mirror) + sphere.mirror * self.colour(at, bounced, depth - 1)
    }
}

#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(n: i32) -> i64 {
    let spheres = (0..5).map(|i| {
        let t = i as f32;
        Sphere { centre: vector(t * 1.4 - 2.8, (n & 7) as f32 * 0.1 - 0.5, 6.0 + (i % 3) as f32), radius: 0.7 + t * 0.1, mirror: 0.2 + t * 0.15 }
    });
    let scene = Scene { spheres: spheres.collect(), light: unit(vector(0.5, 0.8, -0.4)) };
    let mut sum = 0u32;
    for row in 0..n {
        for column in 0..32 {
            let direction = unit(vector((column - 16) as f32 / 20.0, ((row * 5) % 32 - 16) as f32 / 24.0, 1.0));
            let level = (scene.colour(vector(0.0, 0.0, 0.0), direction, 3) * 65536.0) as u32;
            sum = (sum ^ level).wrapping_mul(0x9e3779b1).rotate_left(7);
        }
    }
    i64::from(sum)
}
