using Orleans.Concurrency;

namespace Broker.Tests.Embedded;

[Reentrant]
public sealed class ReentrantScriptGrain(GrainJournal journal) : ScriptGrain(journal), IReentrantScriptGrain;
