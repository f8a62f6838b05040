namespace Broker.Bench.Versus;

/// <summary>A kind of server that works can be measured on.</summary>
internal interface ISystem
{
    /// <summary>What the command line and the table call it.</summary>
    string Name { get; }

    /// <summary>Which program serves it.</summary>
    ServerProgram Program { get; }

    /// <summary>What is on disk when it has acknowledged a publish, and which settings that needs.</summary>
    string AtTheOk { get; }

    /// <summary>What stands for a batch of messages.</summary>
    string Batch { get; }

    /// <summary>Starts one on free ports of loopback.</summary>
    /// <param name="program">Path of the program.</param>
    /// <param name="folder">An empty folder for its data.</param>
    /// <exception cref="LoadException">It does not start.</exception>
    Task<IServer> StartAsync(string program, string folder);
}
