/** How types and categories look: a shape and a colour, an icon on a tint. */
export interface Glyph {
  glyph: string;
  kind: "dataset" | "learner" | "model" | "transform" | "metrics" | "any";
}

const icon = (name: string): string => name;

const BY_WORD: [RegExp, Glyph][] = [
  [/asset|input|output/i, { glyph: icon("database"), kind: "dataset" }],
  [/scor|evaluat/i, { glyph: icon("chart-bar"), kind: "metrics" }],
  [/python|script/i, { glyph: icon("brand-python"), kind: "any" }],
  [/^r\b|r language/i, { glyph: icon("code"), kind: "any" }],
  [/text/i, { glyph: icon("letter-case"), kind: "transform" }],
  [/vision|image/i, { glyph: icon("photo"), kind: "transform" }],
  [/feature/i, { glyph: icon("filter"), kind: "transform" }],
  [/statist/i, { glyph: icon("chart-histogram"), kind: "metrics" }],
  [/transform|data/i, { glyph: icon("table"), kind: "transform" }],
  [/train|classif|regress|cluster|anomal|recommend|learn|model/i, { glyph: icon("binary-tree-2"), kind: "learner" }],
  [/web|service|deploy/i, { glyph: icon("rocket"), kind: "any" }],
];

export function glyphOf(category: string, component = ""): Glyph {
  if (/execute_python|python_script/.test(component)) return { glyph: icon("brand-python"), kind: "any" };
  if (/sql/.test(component)) return { glyph: icon("sql"), kind: "any" };
  if (/^saved_model/.test(component)) return { glyph: icon("box"), kind: "learner" };
  return BY_WORD.find(([word]) => word.test(category))?.[1] ?? { glyph: icon("puzzle"), kind: "any" };
}

const SHAPES: Record<string, { shape: "circle" | "diamond" | "square"; kind: string; word: string }> = {
  dataset: { shape: "circle", kind: "dataset", word: "Dataset" },
  untrained_model: { shape: "diamond", kind: "learner", word: "Learner" },
  trained_model: { shape: "diamond", kind: "model", word: "Model" },
  mlflow_model: { shape: "diamond", kind: "model", word: "Model" },
  custom_model: { shape: "diamond", kind: "model", word: "Model" },
  transform: { shape: "square", kind: "transform", word: "Transform" },
  metrics: { shape: "square", kind: "metrics", word: "Metrics" },
  images: { shape: "circle", kind: "dataset", word: "Images" },
  uri_folder: { shape: "circle", kind: "dataset", word: "Folder" },
  uri_file: { shape: "circle", kind: "dataset", word: "File" },
  mltable: { shape: "circle", kind: "dataset", word: "Table" },
};

export const shapeOf = (type: string): { shape: "circle" | "diamond" | "square"; kind: string; word: string } => SHAPES[type] ?? { shape: "circle", kind: "any", word: "Any" };
export const isTable = (type: string): boolean => ["dataset", "mltable", "uri_folder", "uri_file", "any"].includes(type);
