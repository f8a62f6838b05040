using Orleans;
using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>A grain that runs what a script hands it. How the code is written is in <see cref="ScriptedCalls"/>.</summary>
public interface IScripted : IGrainWithStringKey
{
    Task Run(Code<Task> code);

    Task<string> Ask(Code<Task<string>> code);

    ValueTask RunValue(Code<ValueTask> code);

    ValueTask<int> AskValue(Code<ValueTask<int>> code);

    [AlwaysInterleave]
    Task RunAlways(Code<Task> code);

    [ReadOnly]
    Task Read(Code<Task> code);

    [OneWay]
    Task Tell(Code<Task> code);

    [OneWay]
    void Shout(Code<Task> code);

    /// <summary>As <see cref="Run"/>, with a caller who waits for a second only.</summary>
    [ResponseTimeout("00:00:01")]
    Task RunShort(Code<Task> code);

    /// <summary>Puts a mark into a parcel and gives it back.</summary>
    Task<Parcel> Mark(Parcel parcel);

    /// <inheritdoc cref="Mark"/>
    Task<Parcel> MarkUncopied([Immutable] Parcel parcel);

    /// <inheritdoc cref="Mark"/>
    Task<SealedParcel> MarkSealed(SealedParcel parcel);

    /// <summary>Keeps a parcel and gives the same one to whoever asks.</summary>
    Task<Parcel> Keep(Parcel parcel);

    /// <summary>Whether two arguments are one object.</summary>
    Task<bool> AreOne(Parcel first, Parcel second);

    /// <summary>Calls another grain by a reference that came as an argument.</summary>
    Task<string> AskOther(IScripted other, Code<Task<string>> code);

    /// <summary>Calls an observer by a reference that came as an argument.</summary>
    Task<string> AskListener(IListener listener, string text);
}
