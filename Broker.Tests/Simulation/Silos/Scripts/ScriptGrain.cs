using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos.Scripts;

public sealed class ScriptGrain(IGrainContext context, ScriptBook book) : ScriptedGrain(context, book), IScriptGrain;
