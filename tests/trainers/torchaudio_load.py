def load(uri, frame_offset=0, num_frames=-1, **options):
    """Read with soundfile: added for ttsprep's tests, as torchcodec is compiled for one build of torch alone."""
    import soundfile
    import torch

    samples, rate = soundfile.read(uri, num_frames, frame_offset, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T.copy()), rate
