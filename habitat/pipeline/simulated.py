from habitat.io.simulated import SimulatedSource as SimulatedSource
