"""Hyper-parameters of the training loop; light, so that a page can show them without torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hyper:
    """Hyper-parameters; the defaults are jiant's guide and Phang et al. 2020, Appendix A."""

    learning_rate: float
    batch_size: int
    epochs: float = 1.0
    max_steps: int | None = None  # instead of epochs
    warmup: float = 0.1  # share of the steps
    weight_decay: float = 0.01  # not for biases and LayerNorm
    adam_eps: float = 1e-8
    betas: tuple[float, float] = (0.9, 0.999)  # PyTorch's
    max_grad_norm: float = 1.0
    eval_every: int = 1000  # steps
    patience: int = 30  # evaluations without a better score
    mask_rate: float = 0.15
    checkpoints: int = 0  # states handed out along the way, evenly spaced, the last among them
