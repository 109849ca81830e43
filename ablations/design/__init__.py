"""The design of a suite: from factors and levels to cells, and from cells to trainings.

`factors` declares what can be varied and parses it from text, `wording` puts levels and designs into
words, `designs` crosses factors into cells, `trainings` groups the cells by the training that produces
their weights and computes the fingerprints, `study` knows the steps of the study that some cells
correspond to. Every module may be imported from the rooms above. The cells of a design are made only
here; the suite writes them into design.json, from which the summary derives effects and aliases. This
package must not know MLflow, how trainings are carried out, or how effects are estimated.
"""
