/* The page's graphs come from uPlot's own ES module, copied beside ours by build.sh; its types come from the package. */
export { default } from 'uplot';
