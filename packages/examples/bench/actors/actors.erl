%% The rows in Erlang. Each takes messages and actors and gives a rate per second, or bytes.
-module(actors).
-export([run/4]).

%% The median of the rounds of some time, after as long a time to warm up; without it the answer of one round.
run(Row, Messages, Actors, 0) -> row(Row, Messages, Actors);
run(Row, Messages, Actors, ForMs) ->
    Round = fun() -> row(Row, Messages, Actors) end,
    rounds(Round, ends(ForMs), []),
    Rates = rounds(Round, ends(ForMs), []),
    lists:nth(length(Rates) div 2 + 1, lists:sort(Rates)).

ends(ForMs) -> erlang:monotonic_time(millisecond) + ForMs.

rounds(Round, EndsMs, Rates) ->
    case length(Rates) >= 3 andalso erlang:monotonic_time(millisecond) >= EndsMs of
        true -> Rates;
        false -> rounds(Round, EndsMs, [Round() | Rates])
    end.

row(tell, Messages, _) ->
    Sink = sink(Messages),
    per_second(Messages, fun() -> send(Messages, Sink), done(1) end);
row('ping-pong', Trips, _) ->
    Self = self(),
    [A, B] = [spawn(fun() -> player(Self) end) || _ <- [1, 2]],
    per_second(Trips, fun() -> A ! {hit, 2 * Trips, B}, done(1) end);
row(ask, Asks, _) ->
    Server = spawn(fun() -> server(0) end),
    per_second(Asks, fun() -> ask_each(Asks, Server) end);
row('open-asks', Asks, Open) ->
    Server = spawn(fun() -> server(0) end),
    per_second(Asks, fun() -> ask_many(Asks div Open, Open, Server) end);
row('fan-out', Messages, Actors) ->
    Each = Messages div Actors,
    Sinks = [sink(Each) || _ <- lists:seq(1, Actors)],
    per_second(Each * Actors, fun() ->
        [[Sink ! {inc, N band 7} || Sink <- Sinks] || N <- lists:seq(1, Each)],
        done(Actors)
    end);
row(spawn, Actors, _) ->
    per_second(Actors, fun() ->
        All = [spawn_monitor(fun() -> server(0) end) || _ <- lists:seq(1, Actors)],
        [Pid ! stop || {Pid, _} <- All],
        [receive {'DOWN', Ref, process, _, _} -> ok end || {_, Ref} <- All]
    end);
row(idle, Actors, _) ->
    Before = erlang:memory(processes),
    All = [spawn(fun() -> server(0) end) || _ <- lists:seq(1, Actors)],
    [ask(Pid) || Pid <- All],
    After = erlang:memory(processes),
    [Pid ! stop || Pid <- All],
    (After - Before) / Actors.

per_second(Count, Run) ->
    erlang:garbage_collect(),
    Began = erlang:monotonic_time(),
    Run(),
    Took = erlang:monotonic_time() - Began,
    Count * erlang:convert_time_unit(1, second, native) / Took.

done(0) -> ok;
done(Left) -> receive done -> done(Left - 1) end.

send(0, _) -> ok;
send(Left, To) -> To ! {inc, Left band 7}, send(Left - 1, To).

sink(Messages) ->
    Self = self(),
    spawn(fun() -> add(Messages, 0, Self) end).

add(0, _, To) -> To ! done;
add(Left, Sum, To) -> receive {inc, By} -> add(Left - 1, Sum + By, To) end.

player(To) ->
    receive
        {hit, 0, _} -> To ! done;
        {hit, Left, Other} -> Other ! {hit, Left - 1, self()}, player(To)
    end.

server(N) ->
    receive
        {get, From, Ref} -> From ! {Ref, N}, server(N);
        stop -> ok
    end.

%% With what a gen_server:call has: a monitor and a deadline.
ask(Server) ->
    Ref = monitor(process, Server),
    Server ! {get, self(), Ref},
    answer(Ref).

answer(Ref) ->
    receive
        {Ref, Value} -> demonitor(Ref, [flush]), Value;
        {'DOWN', Ref, process, _, Why} -> exit(Why)
    after 5000 -> exit(timeout)
    end.

ask_each(0, _) -> ok;
ask_each(Left, Server) -> ask(Server), ask_each(Left - 1, Server).

ask_many(0, _, _) -> ok;
ask_many(Left, Open, Server) ->
    Refs = [begin
        Ref = monitor(process, Server),
        Server ! {get, self(), Ref},
        Ref
    end || _ <- lists:seq(1, Open)],
    [answer(Ref) || Ref <- Refs],
    ask_many(Left - 1, Open, Server).
