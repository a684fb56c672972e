import { type CSSVariablesResolver, createTheme } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '650' },
  components: {
    // The header of a dialog is no banner of the page.
    Modal: { defaultProps: { attributes: { header: { role: 'presentation' } } } },
    Drawer: { defaultProps: { attributes: { header: { role: 'presentation' } } } },
  },
});

/** Mantine’s dimmed text, placeholders and outlines are below the contrast of WCAG AA. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#596069',
    '--mantine-color-placeholder': '#6b727a',
    '--mantine-color-error': '#b02525',
    '--mantine-color-anchor': '#1864ab',
    '--mantine-color-green-outline': '#1b6b2f',
    '--mantine-color-gray-outline': '#495057',
    '--mantine-color-blue-outline': '#1864ab',
    '--mantine-color-yellow-outline': '#8a4b00',
    '--mantine-color-red-outline': '#b02525',
  },
  dark: {
    '--mantine-color-dimmed': '#a9b0b8',
    '--mantine-color-placeholder': '#989fa7',
    '--mantine-color-error': '#ff9b9b',
    '--mantine-color-anchor': '#82c0f5',
    '--mantine-color-green-outline': '#8ce99a',
    '--mantine-color-gray-outline': '#ced4da',
    '--mantine-color-blue-outline': '#a5d8ff',
    '--mantine-color-yellow-outline': '#ffd43b',
    '--mantine-color-red-outline': '#ffa8a8',
  },
});
