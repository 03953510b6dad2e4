"""Distillation: frozen teachers label the augmented faces of each of their student's batches (Hinton et al., 2015).

The model in training outputs the student's logits and the teachers' probabilities side by side, (N, 2K), so that one
loop and one form of checkpoint serve training with and without teachers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import ops

from mien.core.arrays import Floats
from mien.train.init.warm_start import recipe_of, weights_of
from mien.train.nets.models import MODELS
from mien.train.recipe import Recipe
from mien.train.targets import TARGET_CLASSES


def beside_teachers(student: keras.Model, sources: Sequence[Path], recipe: Recipe, faces: Floats) -> keras.Model:
    """Return a model from faces to the student's logits and the teachers' mean probabilities, (N, 2K).

    The teachers compute under the current dtype policy.

    Args:
        student: from faces to logits (N, K).
        sources: completed runs or exported files, see ``train.init.warm_start``.
        recipe: of the student.
        faces: (N, S, S, 1), grey levels; some hundreds.
    """
    inputs = keras.Input(student.input_shape[1:])
    taught = teachers_of(sources, recipe, faces)(inputs)
    return keras.Model(inputs, keras.layers.Concatenate(dtype="float32")([student(inputs), taught]))


def teachers_of(sources: Sequence[Path], recipe: Recipe, faces: Floats) -> Teachers:
    """Return trained nets, frozen, as one layer; see ``beside_teachers``."""
    nets = [_frozen(source, place, faces) for place, source in enumerate(sources)]
    return Teachers(nets, recipe.teacher_temperature)


class Teachers(keras.layers.Layer):
    """The mean of the predictions of several frozen nets: probabilities (N, K) of faces (N, H, W, 1).

    Args:
        nets: from faces to logits.
        temperature: divisor of the logits.
    """

    def __init__(self, nets: Sequence[keras.Model], temperature: float) -> None:
        super().__init__(trainable=False, dtype="float32")
        self.nets = list(nets)
        self.temperature = temperature
        for net in self.nets:
            net.trainable = False

    def call(self, inputs: Any) -> Any:
        """Predict in inference mode, in training too."""
        probs = [ops.softmax(net(inputs, training=False) / self.temperature) for net in self.nets]
        return ops.stop_gradient(ops.mean(ops.stack(probs), axis=0))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (N, K)."""
        return (input_shape[0], self.nets[0].output_shape[-1])


class DistillationLoss(keras.losses.Loss):
    """A loss between the student's half of the output and a mix of its teachers' half and the votes.

    Args:
        loss: of targets (N, K) and logits (N, K).
        share: of the teachers in the mix.
    """

    def __init__(self, loss: keras.losses.Loss, share: float) -> None:
        super().__init__()
        self.loss, self.share = loss, share

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss (N,) for output (N, 2K) and votes (N, K)."""
        classes = y_true.shape[-1]
        taught: Any = ops.stop_gradient(y_pred[:, classes:])
        return self.loss.call(self.share * taught + (1 - self.share) * y_true, y_pred[:, :classes])


def student_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return whether the student's top class is that of the votes, (N,), for output (N, K) or (N, 2K)."""
    return keras.metrics.categorical_accuracy(y_true, y_pred[:, : y_true.shape[-1]])


def _frozen(source: Path, place: int, faces: Floats) -> keras.Model:
    """Return a teacher's net, rebuilt to compute in the precision of the student's training."""
    recipe = recipe_of(source)
    # In torch, weights of the same name in student and teacher would keep old gradients.
    with keras.name_scope(f"teacher_{place}"):
        net = MODELS[recipe.model](recipe, len(TARGET_CLASSES[recipe.target]))
    net.set_weights(weights_of(source, faces))
    return net
