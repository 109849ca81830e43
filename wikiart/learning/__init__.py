"""From a configuration and images to a trained network and its scores.

The room holds what one training is: its configuration, its network, its data, the steps, the state
between epochs, and the evaluation on test images. Import from its modules:

- `config`: `TrainingConfig`, every field of which can be a factor
- `data`: `TrainingData`, the images and synthetic images that a network is trained on
- `split`: which images are kept from training for validation
- `network`: `Network`
- `adam`: `Adam`, torch's optimizer with a compiled step
- `class_weights`: weights of the classes in the loss
- `augmentation`: random changes of the images of a batch
- `validation`: scores on the images that are kept from training
- `training`: `train`, `time_step`, `Epoch`
- `reading`: `Reading`, the settings that act only when outputs are read; these can be factors, too
- `evaluation`: `log_probabilities`, and from these the answers of every reading and their scores
- `classifier`: `Classifier`, a trained network for use, which travels within saved models
- `fast`: the networks' forward pass with less work; an implementation of `network`, and no more

It must not know of designs, runs, suites, MLflow or command lines. Numbers that a training gives may
change only if ``training`` or ``evaluation`` in `wikiart.versions` is raised.
"""
