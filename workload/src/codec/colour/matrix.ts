/** Matrices of 3x3 and vectors of three, for colours. Pure. */

export type Vector = readonly [number, number, number];
/** Rows. */
export type Matrix = readonly [Vector, Vector, Vector];

export function apply(matrix: Matrix, vector: Vector): Vector {
  const row = (a: Vector): number => a[0] * vector[0] + a[1] * vector[1] + a[2] * vector[2];
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  return transposed([apply(a, column(b, 0)), apply(a, column(b, 1)), apply(a, column(b, 2))]);
}

/** Cramer's rule: each row is a cross product of two columns. */
export function inverse(matrix: Matrix): Matrix {
  const [a, b, c] = [column(matrix, 0), column(matrix, 1), column(matrix, 2)];
  const determinant = dot(a, cross(b, c));
  const scaled = (vector: Vector): Vector => [
    vector[0] / determinant,
    vector[1] / determinant,
    vector[2] / determinant,
  ];
  return [scaled(cross(b, c)), scaled(cross(c, a)), scaled(cross(a, b))];
}

export function diagonal([x, y, z]: Vector): Matrix {
  return [
    [x, 0, 0],
    [0, y, 0],
    [0, 0, z],
  ];
}

export function transposed(matrix: Matrix): Matrix {
  return [column(matrix, 0), column(matrix, 1), column(matrix, 2)];
}

function column(matrix: Matrix, index: 0 | 1 | 2): Vector {
  return [matrix[0][index], matrix[1][index], matrix[2][index]];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
