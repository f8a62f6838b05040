using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A provider of storage for grain state; registered in the container under its name as key.</summary>
public interface IGrainStorage
{
    /// <summary>Reads into <paramref name="grainState"/>.</summary>
    Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Writes if the stored version is still that of <paramref name="grainState"/>, and sets the new one.</summary>
    /// <exception cref="InconsistentStateException">It is not.</exception>
    Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Removes what is stored if it is still of the version of <paramref name="grainState"/>.</summary>
    /// <exception cref="InconsistentStateException">It is not.</exception>
    Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
}
