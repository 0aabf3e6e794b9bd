"""Make ``torchaudio`` importable beside a PyTorch that was built without CUDA.

torchaudio's Linux wheel carries a compiled extension that is linked against the CUDA
libraries. Beside a CPU build of PyTorch these are absent, and ``import torchaudio`` fails;
so do the models of ``transformers``, some of which import torchaudio where it is installed.
All that this library uses of it (mel spectrograms, resampling, the DeepSpeech network, edit
distance) is plain Python, which torchaudio runs without its extension if it is told that
there is none. That is what the stub says.
"""

import sys
from types import ModuleType


def ensure_importable() -> None:
    """Import torchaudio, without its compiled extension where that cannot be loaded.

    Call it before the first ``import torchaudio`` and before importing a model from
    ``transformers``. Calling it again costs nothing.

    Raises:
        ModuleNotFoundError: torchaudio is not installed.
    """
    try:
        import torchaudio
    except (OSError, RuntimeError):  # the libraries are absent, or of another CUDA version
        extension = ModuleType("torchaudio._extension")
        extension._IS_TORCHAUDIO_EXT_AVAILABLE = False
        extension._IS_ALIGN_AVAILABLE = False
        extension.fail_if_no_align = lambda function: function
        sys.modules[extension.__name__] = extension
        import torchaudio  # noqa: F401
