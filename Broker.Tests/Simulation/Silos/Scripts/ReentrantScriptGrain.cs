using Orleans.Concurrency;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos.Scripts;

[Reentrant]
public sealed class ReentrantScriptGrain(IGrainContext context, ScriptBook book) : ScriptedGrain(context, book), IReentrantScriptGrain;
