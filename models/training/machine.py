"""What the recipe needs to know of the computer: one GPU, or CPU cores with a share of the batch each."""

import os
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import distributed, multiprocessing


def device() -> str:
    """ "cuda" when there is one, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def half() -> Any:
    """A context in which matrices are multiplied in bfloat16, where the computer is faster at that."""
    able = device() == "cuda" or torch.cpu.get_capabilities().get("avx512_bf16")
    return torch.autocast(device(), torch.bfloat16, enabled=bool(able))


def parallel(work: Callable[..., None], *arguments: Any) -> None:
    """Call `work(rank, processes, *arguments)` in each process: one on a GPU, else one a core with one
    thread.

    Two processes with one thread each train faster here than one with two: small matrices gain little from
    threads.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes = 1 if device() == "cuda" else cores
    if processes == 1:
        work(0, 1, *arguments)
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(_process, (processes, port, work, arguments), nprocs=processes)


def _process(
    rank: int, processes: int, port: int, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    distributed.init_process_group("gloo", rank=rank, world_size=processes)
    try:
        work(rank, processes, *arguments)
    finally:
        distributed.destroy_process_group()


def recorded(work: Callable[..., torch.Tensor], *example: torch.Tensor) -> Callable[..., torch.Tensor]:
    """`work` itself, or on a GPU its recording, a CUDA graph: thousands of small kernels for one call.

    Takes tensors of the example's shapes, and gives the same tensor each time, with new values. The recording
    needs three calls of `work` with the example.
    """
    if device() == "cpu":
        return work
    given = [each.clone() for each in example]
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            work(*given)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = work(*given)

    def replay(*tensors: torch.Tensor) -> torch.Tensor:
        for mine, other in zip(given, tensors, strict=True):
            mine.copy_(other)
        graph.replay()
        return answer

    return replay


def average_gradients(parameters: Iterable[torch.nn.Parameter], processes: int) -> None:
    """Make every process's gradients the mean over all."""
    if processes == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= processes
    _put(flat, gradients)


def spread(tensors: Sequence[torch.Tensor], owner: int) -> None:
    """Give every process the owner's values."""
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    distributed.broadcast(flat, owner)
    _put(flat, tensors)


def _put(flat: torch.Tensor, tensors: Sequence[torch.Tensor]) -> None:
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def same_everywhere(value: float, processes: int) -> float:
    """The first process's value, in all of them: on what each measures alone (time), they would part."""
    if processes == 1:
        return value
    shared = torch.tensor([value], dtype=torch.float64)
    distributed.broadcast(shared, 0)
    return float(shared)
