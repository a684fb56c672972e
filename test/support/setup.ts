/**
 * Loaded before each test file. In Jest's ESM mode a CommonJS library that requires a Nest package fails with
 * "Cannot require() ES Module … in a cycle" unless Nest was imported first.
 */
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
